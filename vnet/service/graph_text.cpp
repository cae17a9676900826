// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/graph_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace vnet::service {

namespace {

const std::set<graph::NodeId>& next_nodes(const graph::Graph& graph, graph::NodeId node) {
    static const std::set<graph::NodeId> none;
    const auto found = graph.successors().find(node);
    return found == graph.successors().end() ? none : found->second;
}

/// Whether packets pass a node now.
bool is_active(const graph::Engine& engine, graph::NodeId node) {
    return engine.rates().node(node).packets_per_second > 0;
}

size_t active_before(const graph::Engine& engine, const graph::Graph& graph, graph::NodeId node) {
    return size_t(
        std::count_if(graph.successors().begin(), graph.successors().end(), [&](const auto& entry) {
            return entry.second.contains(node) && is_active(engine, entry.first);
        }));
}

size_t active_behind(const graph::Engine& engine, const graph::Graph& graph, graph::NodeId node) {
    const auto& next = next_nodes(graph, node);
    return size_t(std::count_if(next.begin(), next.end(),
                                [&](graph::NodeId to) { return is_active(engine, to); }));
}

std::vector<std::string> next_names(const graph::Graph& graph, graph::NodeId node) {
    std::vector<std::string> names;
    for (const graph::NodeId to : next_nodes(graph, node)) {
        names.push_back(graph.name_of(to));
    }
    return names;
}

/// Packets a second on an edge. Nodes count what they see, not by where it goes: an edge is known
/// where it is the only one in use at one of its ends.
std::optional<double> edge_rate(graph::Engine& engine, graph::NodeId from, graph::NodeId to) {
    const graph::Graph& graph = engine.graph();
    if (!is_active(engine, from) || !is_active(engine, to)) {
        return 0;
    }
    if (active_before(engine, graph, to) == 1) {
        return engine.rates().node(to).packets_per_second;
    }
    if (active_behind(engine, graph, from) == 1) {
        return engine.rates().node(from).packets_per_second;
    }
    return std::nullopt;
}

/// One point of width for each power of ten.
double width_of(double packets_per_second) {
    return 1 + std::log10(1 + packets_per_second);
}

std::string dot_node(graph::Engine& engine, graph::NodeId node) {
    const std::string& name = engine.graph().name_of(node);
    const uint64_t packets = engine.totals(node).packets;
    const graph::Rates::Node rate = engine.rates().node(node);
    std::string label = name;
    std::string look = "style=dashed, color=gray60, fontcolor=gray40";
    if (rate.packets_per_second > 0) {
        label += fmt::format("\\n{}/s, {:.1f} clocks", short_number(rate.packets_per_second),
                             rate.clocks_per_packet);
        look = "style=\"filled,bold\", fillcolor=\"#e3f1e3\"";
    } else if (packets != 0) {
        look = "style=solid";
    }
    return fmt::format("  \"{}\" [label=\"{}\", tooltip=\"{} packets in all\", {}];\n", name, label,
                       packets, look);
}

std::string dot_edge(graph::Engine& engine, graph::NodeId from, graph::NodeId to) {
    const auto rate = edge_rate(engine, from, to);
    std::string look = "color=gray70";
    if (!rate) {
        look = "color=gray30";
    } else if (*rate > 0) {
        look = fmt::format("penwidth={:.1f}, tooltip=\"{} packets/s\"", width_of(*rate),
                           short_number(*rate));
    }
    return fmt::format("  \"{}\" -> \"{}\" [{}];\n", engine.graph().name_of(from),
                       engine.graph().name_of(to), look);
}

/// What each node drops, as red edges to "drop": Hops lead there unseen by the graph, but drops
/// are counted.
std::string dot_drops(graph::Engine& engine) {
    const graph::Graph& graph = engine.graph();
    struct Dropping {
        double rate = 0;
        std::string reasons;
    };
    std::map<graph::NodeId, Dropping> nodes;
    for (size_t id = 0; id < graph.drops().size(); ++id) {
        const graph::DropInfo& drop = graph.drops()[id];
        const double rate = engine.rates().drop(graph::DropId(id));
        if (rate > 0 && graph.nodes()[drop.node].present) {
            Dropping& dropping = nodes[drop.node];
            dropping.rate += rate;
            dropping.reasons += fmt::format("{}{} {}/s", dropping.reasons.empty() ? "" : ", ",
                                            drop.name, short_number(rate));
        }
    }
    std::string text;
    for (const auto& [node, dropping] : nodes) {
        text += fmt::format("  \"{}\" -> \"drop\" [color=red3, penwidth={:.1f}, tooltip=\"{}\"];\n",
                            graph.name_of(node), width_of(dropping.rate), dropping.reasons);
    }
    return text;
}

}  // namespace

std::string short_number(double value) {
    for (const auto& [unit, letter] : {std::pair{1e9, 'G'}, {1e6, 'M'}, {1e3, 'k'}}) {
        if (value >= unit) {
            return fmt::format("{:.1f}{}", value / unit, letter);
        }
    }
    return fmt::format("{:.0f}", value);
}

std::string graph_as_text(graph::Engine& engine) {
    const graph::Graph& graph = engine.graph();
    const auto& order = engine.version()->nodes;
    size_t width = 4;
    for (const auto& node : order) {
        width = std::max(width, graph.name_of(node.id).size());
    }
    std::string text = fmt::format("{:<{}}  {:>14}  {:>9}  {:>13}  {}\n", "node", width, "packets",
                                   "packets/s", "clocks/packet", "next");
    for (const auto& node : order) {
        const graph::Rates::Node rate = engine.rates().node(node.id);
        text += fmt::format("{:<{}}  {:>14}  {:>9}  {:>13.1f}  {}\n", graph.name_of(node.id), width,
                            engine.totals(node.id).packets, short_number(rate.packets_per_second),
                            rate.clocks_per_packet, fmt::join(next_names(graph, node.id), ", "));
    }
    return text;
}

std::string graph_as_dot(graph::Engine& engine) {
    std::string text =
        "digraph sluice {\n  rankdir=LR;\n  node [shape=box, fontname=\"Courier,monospace\"];\n";
    for (const auto& node : engine.version()->nodes) {
        text += dot_node(engine, node.id);
        for (const graph::NodeId next : next_nodes(engine.graph(), node.id)) {
            text += dot_edge(engine, node.id, next);
        }
    }
    return text + dot_drops(engine) + "}\n";
}

}  // namespace vnet::service
