// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>

#include "graph/graph.hpp"
#include "graph/order.hpp"

/// How a version is made of what is registered. Nothing of the Graph changes until all of it is
/// checked.
namespace graph {

namespace {

/// Packets have no business in front of an input, which has no code for them; this stands in for
/// it.
void refuse(const void*, Dispatch& dispatch, Frame& frame) noexcept {
    uint16_t hops[vector_size];
    std::fill_n(hops, frame.size, Hop::node(no_node).raw());
    dispatch.distribute(frame, hops);
}

/// States for early features that they come before all others of their arc, as far as nobody states
/// the opposite. `items` stand for `features`, in their order.
template <class Features>
void put_early_first(const Features& features, std::vector<OrderItem>& items) {
    const auto names = [](const std::vector<std::string>& list, const std::string& name) {
        return std::find(list.begin(), list.end(), name) != list.end();
    };
    for (size_t i = 0; i < items.size(); ++i) {
        if (!features[i].spec.early) {
            continue;
        }
        for (size_t other = 0; other < items.size(); ++other) {
            if (!features[other].spec.early && !names(items[other].before, items[i].name) &&
                !names(items[i].after, items[other].name)) {
                items[i].before.push_back(items[other].name);
            }
        }
    }
}

}  // namespace

absl::StatusOr<Graph::Orders> Graph::order_arcs(std::vector<std::string>& warnings) const {
    Orders orders(arcs_.size());
    for (size_t i = 0; i < arcs_.size(); ++i) {
        std::vector<OrderItem> items;
        std::vector<std::string> gone;
        for (const Feature& feature : arcs_[i].features) {
            items.push_back(
                {feature.spec.node, feature.owner, feature.spec.before, feature.spec.after});
            for (const auto* names : {&feature.spec.before, &feature.spec.after}) {
                std::copy_if(names->begin(), names->end(), std::back_inserter(gone),
                             [&](const std::string& name) { return was_removed(name); });
            }
        }
        put_early_first(arcs_[i].features, items);
        auto order = sort_by_constraints(fmt::format("arc '{}'", arcs_[i].spec.name), items, gone);
        if (!order.ok()) {
            return order.status();
        }
        warnings.insert(warnings.end(), order->warnings.begin(), order->warnings.end());
        for (const size_t item : order->sequence) {
            orders[i].push_back(items[item].name);
        }
    }
    return orders;
}

absl::StatusOr<NodeId> Graph::resolve(const std::string& name, const std::string& who,
                                      std::vector<std::string>& warnings) const {
    const NodeId id = find(name);
    if (id == no_node && was_removed(name)) {
        warnings.push_back(fmt::format(
            "{} leads to '{}', which was removed; its packets are dropped as node-removed", who,
            name));
        return find("removed-node");
    }
    if (id == no_node) {
        return absl::NotFoundError(
            fmt::format("{} leads to '{}', and no node has that name", who, name));
    }
    if (nodes_[id].spec.kind == NodeKind::input) {
        return absl::InvalidArgumentError(fmt::format(
            "{} leads to '{}', which is an input; name a node that takes packets", who, name));
    }
    return id;
}

absl::StatusOr<Graph::Successors> Graph::connect(const Orders& orders,
                                                 std::vector<std::string>& warnings) const {
    Successors successors;
    for (const Node& node : nodes_) {
        if (!node.present) {
            continue;
        }
        const std::string who = fmt::format("node '{}' of {}", node.spec.name, node.spec.owner);
        std::vector<std::string> next(node.spec.edges);
        next.insert(next.end(), node.links.begin(), node.links.end());
        for (const std::string& name : next) {
            auto id = resolve(name, who, warnings);
            if (!id.ok()) {
                return id.status();
            }
            successors[node.id].insert(*id);
        }
    }
    for (const auto& [from, to] : loose_links_) {
        warnings.push_back(fmt::format("a link leads from '{}' to '{}', and no node is called '{}'",
                                       from, to, from));
    }
    for (size_t i = 0; i < arcs_.size(); ++i) {
        const Arc& arc = arcs_[i];
        if (!arc.present) {
            continue;
        }
        const std::string who = fmt::format("arc '{}' of {}", arc.spec.name, arc.spec.owner);
        auto end = resolve(arc.spec.end, who, warnings);
        if (!end.ok()) {
            return end.status();
        }
        std::vector<NodeId> before;
        for (const std::string& start : arc.spec.starts) {
            if (find(start) != no_node) {
                before.push_back(find(start));
            } else if (!was_removed(start)) {
                return absl::NotFoundError(
                    fmt::format("{} starts at '{}', and no node has that name", who, start));
            }
        }
        for (const std::string& feature : orders[i]) {
            for (const NodeId from : before) {
                successors[from].insert(find(feature));
            }
            before.push_back(find(feature));
        }
        for (const NodeId from : before) {
            successors[from].insert(*end);
        }
    }
    return successors;
}

std::vector<NodeId> Graph::rank(const Successors& successors,
                                std::vector<std::string>& warnings) const {
    // Reverse post-order of a depth-first search from all inputs: topological where the graph has
    // no circle, and with few steps backwards where a tunnel leads packets back to a lookup.
    using Boost = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
    const size_t root = nodes_.size();
    Boost boost_graph(nodes_.size() + 1);
    for (const Node& node : nodes_) {
        if (node.present && node.spec.kind == NodeKind::input) {
            add_edge(root, node.id, boost_graph);
        }
    }
    for (const auto& [from, tos] : successors) {
        for (const NodeId to : tos) {
            add_edge(from, to, boost_graph);
        }
    }
    struct PostOrder : boost::dfs_visitor<> {
        std::vector<NodeId>* out;
        size_t root;
        void finish_vertex(size_t vertex, const Boost&) {
            if (vertex != root) {
                out->push_back(NodeId(vertex));
            }
        }
    };
    std::vector<NodeId> sequence;
    PostOrder visitor;
    visitor.out = &sequence;
    visitor.root = root;
    std::vector<boost::default_color_type> colors(num_vertices(boost_graph), boost::white_color);
    const auto color_map =
        boost::make_iterator_property_map(colors.begin(), get(boost::vertex_index, boost_graph));
    depth_first_visit(boost_graph, root, visitor, color_map);
    std::reverse(sequence.begin(), sequence.end());
    for (const Node& node : nodes_) {
        if (!node.present || colors[node.id] != boost::white_color) {
            continue;
        }
        sequence.push_back(node.id);
        // Hops lead to these two from everywhere, unseen by the graph.
        if (node.spec.name != "drop" && node.spec.name != "removed-node") {
            warnings.push_back(
                fmt::format("no input reaches node '{}' of {}", node.spec.name, node.spec.owner));
        }
    }
    return sequence;
}

GraphVersion::Node Graph::make_node(const Node& node, const std::map<NodeId, Rank>& ranks,
                                    const Orders& orders) const {
    GraphVersion::Node out;
    out.process = node.spec.process == nullptr ? &refuse : node.spec.process;
    out.self = node.spec.self;
    out.id = node.id;
    out.first_drop = node.first_drop;
    for (const std::string& edge : node.spec.edges) {
        const NodeId to = find(edge);
        out.edges.push_back(ranks.at(to == no_node ? find("removed-node") : to));
    }
    out.positions.fill(no_position);
    out.transmits = node.spec.kind == NodeKind::output && node.spec.name != "drop";
    out.name = node.spec.name;
    out.owner = node.spec.owner;
    for (size_t arc = 0; arc < orders.size(); ++arc) {
        const auto place = std::find(orders[arc].begin(), orders[arc].end(), node.spec.name);
        if (place != orders[arc].end()) {
            out.positions[arc] = uint8_t(place - orders[arc].begin());
        }
    }
    return out;
}

std::shared_ptr<ArcRuntime> Graph::make_arc(const Arc& arc,
                                            const std::vector<std::string>& order) const {
    std::array<NodeId, max_features> features;
    features.fill(no_node);
    std::transform(order.begin(), order.end(), features.begin(),
                   [this](const std::string& name) { return find(name); });
    // An arc whose order is as it was keeps its bits, which control may go on changing in place.
    if (arc.runtime != nullptr && arc.runtime->features == features &&
        arc.runtime->end == find(arc.spec.end)) {
        return arc.runtime;
    }
    auto runtime = std::make_shared<ArcRuntime>();
    runtime->side = arc.spec.side;
    runtime->end = find(arc.spec.end);
    runtime->features = features;
    for (const Feature& feature : arc.features) {
        const auto place = std::find(order.begin(), order.end(), feature.spec.node) - order.begin();
        for (const uint32_t interface : feature.interfaces) {
            runtime->enabled[interface].fetch_or(uint64_t(1) << place, std::memory_order_relaxed);
        }
    }
    return runtime;
}

absl::StatusOr<std::shared_ptr<const GraphVersion>> Graph::build(
    std::vector<std::string>* warnings) {
    std::vector<std::string> found;
    auto orders = order_arcs(found);
    if (!orders.ok()) {
        return orders.status();
    }
    auto successors = connect(*orders, found);
    if (!successors.ok()) {
        return successors.status();
    }
    const std::vector<NodeId> sequence = rank(*successors, found);
    auto version = std::make_shared<GraphVersion>();
    version->number = built_ == nullptr ? 1 : built_->number + 1;
    std::map<NodeId, Rank> ranks;
    for (size_t i = 0; i < sequence.size(); ++i) {
        ranks[sequence[i]] = Rank(i);
    }
    version->drop_rank = ranks.at(find("drop"));
    version->rank_of.fill(ranks.at(find("removed-node")));
    for (const auto& [id, rank] : ranks) {
        version->rank_of[id] = rank;
    }
    for (const NodeId id : sequence) {
        version->nodes.push_back(make_node(nodes_[id], ranks, *orders));
        version->owned.push_back(nodes_[id].object);
    }
    version->arcs.fill(no_arc_);
    for (size_t i = 0; i < arcs_.size(); ++i) {
        if (arcs_[i].present) {
            arcs_[i].runtime = make_arc(arcs_[i], (*orders)[i]);
            version->arcs[i] = arcs_[i].runtime;
        }
        arcs_[i].order = std::move((*orders)[i]);
    }
    successors_ = std::move(*successors);
    if (warnings != nullptr) {
        warnings->insert(warnings->end(), found.begin(), found.end());
    }
    built_ = version;
    return built_;
}

}  // namespace graph
