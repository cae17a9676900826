// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/graph_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vnet::service {

namespace {

std::vector<std::string> next_names(const graph::Graph& graph, graph::NodeId node) {
    std::vector<std::string> names;
    const auto found = graph.successors().find(node);
    if (found != graph.successors().end()) {
        for (const graph::NodeId to : found->second) {
            names.push_back(graph.name_of(to));
        }
    }
    return names;
}

}  // namespace

std::string graph_as_text(graph::Engine& engine) {
    const graph::Graph& graph = engine.graph();
    const auto& order = engine.version()->nodes;
    size_t width = 4;
    for (const auto& node : order) {
        width = std::max(width, graph.name_of(node.id).size());
    }
    std::string text = fmt::format("{:<{}}  {:>14}  {}\n", "node", width, "packets", "next");
    for (const auto& node : order) {
        text += fmt::format("{:<{}}  {:>14}  {}\n", graph.name_of(node.id), width,
                            engine.totals(node.id).packets,
                            fmt::join(next_names(graph, node.id), ", "));
    }
    return text;
}

std::string graph_as_dot(graph::Engine& engine) {
    const graph::Graph& graph = engine.graph();
    std::string text =
        "digraph sluice {\n  rankdir=LR;\n  node [shape=box, fontname=\"monospace\"];\n";
    for (const auto& node : engine.version()->nodes) {
        const graph::NodeTotals totals = engine.totals(node.id);
        text +=
            fmt::format("  \"{0}\" [label=\"{0}\\n{1}\"{2}];\n", graph.name_of(node.id),
                        totals.packets, totals.packets == 0 ? ", style=dotted" : ", style=bold");
        for (const std::string& next : next_names(graph, node.id)) {
            text += fmt::format("  \"{}\" -> \"{}\";\n", graph.name_of(node.id), next);
        }
    }
    return text + "}\n";
}

}  // namespace vnet::service
