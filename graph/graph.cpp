// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "graph/drop_node.hpp"

/// What is registered: nodes, links, arcs, features. How a version is made of it: graph_build.cpp.
namespace graph {

namespace {

NodeSpec ordinary_drop() {
    static const DropNode drop;
    return describe(drop);
}

NodeSpec removed_node() {
    static const RemovedNode removed;
    return describe(removed);
}

/// The two nodes that no graph can be without.
bool is_fixed(const std::string& name) {
    return name == "drop" || name == "removed-node";
}

}  // namespace

Graph::Graph() : Graph(ordinary_drop()) {}

Graph::Graph(NodeSpec drop) {
    (void)add(std::move(drop));
    (void)add(removed_node());
}

NodeId Graph::find(std::string_view name) const noexcept {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? no_node : found->second;
}

Graph::Arc* Graph::find_arc(const std::string& name) {
    const auto found = std::find_if(arcs_.begin(), arcs_.end(), [&](const Arc& arc) {
        return arc.present && arc.spec.name == name;
    });
    return found == arcs_.end() ? nullptr : &*found;
}

absl::Status Graph::no_arc(const std::string& wanted, const std::string& by_whom) const {
    std::vector<std::string> names;
    for (const Arc& arc : arcs_) {
        if (arc.present) {
            names.push_back(arc.spec.name);
        }
    }
    return absl::NotFoundError(fmt::format("{} asks for arc '{}', which is not there; arcs are: {}",
                                           by_whom, wanted, fmt::join(names, ", ")));
}

absl::StatusOr<NodeId> Graph::add(NodeSpec spec, std::shared_ptr<const void> object) {
    if (find(spec.name) != no_node) {
        return absl::AlreadyExistsError(fmt::format("node '{}' of {} is there already, from {}",
                                                    spec.name, spec.owner,
                                                    nodes_[find(spec.name)].spec.owner));
    }
    if (nodes_.size() == max_nodes) {
        return absl::ResourceExhaustedError(fmt::format(
            "no room for node '{}': the graph has all its {} nodes", spec.name, max_nodes));
    }
    if (drops_.size() + spec.drops.size() > max_drops) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for the {} drop reasons of node '{}': {} of {} are taken",
                        spec.drops.size(), spec.name, drops_.size(), max_drops));
    }
    Node node;
    node.id = NodeId(nodes_.size());
    node.first_drop = DropId(drops_.size());
    node.present = true;
    node.object = std::move(object);
    for (const NodeSpec::Drop& drop : spec.drops) {
        drops_.push_back({node.id, drop.name, drop.meaning});
    }
    by_name_[spec.name] = node.id;
    for (auto link = loose_links_.begin(); link != loose_links_.end();) {
        if (link->first == spec.name) {
            node.links.insert(link->second);
            link = loose_links_.erase(link);
        } else {
            ++link;
        }
    }
    node.spec = std::move(spec);
    nodes_.push_back(std::move(node));
    return nodes_.back().id;
}

void Graph::link(const std::string& from, const std::string& to) {
    const NodeId id = find(from);
    if (id != no_node) {
        nodes_[id].links.insert(to);
    } else {
        loose_links_.insert({from, to});
    }
}

absl::Status Graph::set_format(const std::string& node,
                               std::function<TraceFields(const TraceStep&)> format) {
    const NodeId id = find(node);
    if (id == no_node) {
        return absl::NotFoundError(
            fmt::format("words are given for node '{}', and no node has that name", node));
    }
    nodes_[id].spec.format = std::move(format);
    return absl::OkStatus();
}

absl::StatusOr<ArcId> Graph::add_arc(ArcSpec spec) {
    if (find_arc(spec.name) != nullptr) {
        return absl::AlreadyExistsError(fmt::format("arc '{}' is there already", spec.name));
    }
    for (size_t i = 0; i < arcs_.size(); ++i) {
        if (arcs_[i].spec.name == spec.name) {
            arcs_[i] = {std::move(spec), true, {}, {}, nullptr};
            return ArcId(i);
        }
    }
    if (arcs_.size() == max_arcs) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for arc '{}': there are {}", spec.name, max_arcs));
    }
    arcs_.push_back({std::move(spec), true, {}, {}, nullptr});
    return ArcId(arcs_.size() - 1);
}

absl::Status Graph::add_feature(const std::string& arc_name, FeatureSpec feature) {
    Arc* arc = find_arc(arc_name);
    if (arc == nullptr) {
        return no_arc(arc_name, fmt::format("feature '{}'", feature.node));
    }
    const NodeId node = find(feature.node);
    if (node == no_node) {
        return absl::NotFoundError(fmt::format(
            "feature '{}' of arc '{}' is not a node; add the node first", feature.node, arc_name));
    }
    for (const Feature& other : arc->features) {
        if (other.spec.node == feature.node) {
            return absl::AlreadyExistsError(
                fmt::format("feature '{}' stands on arc '{}' already", feature.node, arc_name));
        }
    }
    if (arc->features.size() == max_features) {
        return absl::ResourceExhaustedError(fmt::format("no room for feature '{}': arc '{}' has {}",
                                                        feature.node, arc_name, max_features));
    }
    arc->features.push_back({std::move(feature), nodes_[node].spec.owner, {}});
    return absl::OkStatus();
}

absl::Status Graph::set_feature(const std::string& arc_name, const std::string& node,
                                uint32_t interface, bool on) {
    Arc* arc = find_arc(arc_name);
    if (arc == nullptr) {
        return no_arc(arc_name, fmt::format("feature '{}'", node));
    }
    const auto feature = std::find_if(arc->features.begin(), arc->features.end(),
                                      [&](const Feature& f) { return f.spec.node == node; });
    if (feature == arc->features.end()) {
        std::vector<std::string> names;
        for (const Feature& known : arc->features) {
            names.push_back(known.spec.node);
        }
        return absl::NotFoundError(fmt::format("there is no feature '{}' on arc '{}'; it has: {}",
                                               node, arc_name, fmt::join(names, ", ")));
    }
    if (interface >= max_interfaces) {
        return absl::InvalidArgumentError(fmt::format(
            "interface index {} is out of range; indexes are below {}", interface, max_interfaces));
    }
    if (on) {
        feature->interfaces.insert(interface);
    } else {
        feature->interfaces.erase(interface);
    }
    if (arc->runtime == nullptr) {
        return absl::OkStatus();
    }
    // By the order that workers run, which may differ from the one that the next build() finds.
    ArcRuntime& runtime = *arc->runtime;
    const auto place = std::find(runtime.features.begin(), runtime.features.end(), find(node));
    if (place != runtime.features.end()) {
        const uint64_t bit = uint64_t(1) << (place - runtime.features.begin());
        auto& mask = runtime.enabled[interface];
        on ? mask.fetch_or(bit, std::memory_order_release)
           : mask.fetch_and(~bit, std::memory_order_release);
    }
    return absl::OkStatus();
}

bool Graph::has_feature(const std::string& arc_name, const std::string& node,
                        uint32_t interface) const {
    for (const Arc& arc : arcs_) {
        for (const Feature& feature : arc.features) {
            if (arc.spec.name == arc_name && feature.spec.node == node) {
                return feature.interfaces.contains(interface);
            }
        }
    }
    return false;
}

void Graph::forget_interface(uint32_t interface) {
    if (interface >= max_interfaces) {
        return;
    }
    for (Arc& arc : arcs_) {
        for (Feature& feature : arc.features) {
            feature.interfaces.erase(interface);
        }
        if (arc.runtime != nullptr) {
            arc.runtime->enabled[interface].store(0, std::memory_order_release);
        }
    }
}

void Graph::remove_owner(const std::string& owner) {
    for (Node& node : nodes_) {
        if (node.present && node.spec.owner == owner && !is_fixed(node.spec.name)) {
            node.present = false;
            node.object.reset();
            node.spec.format = nullptr;
            node.links.clear();
            by_name_.erase(node.spec.name);
            for (Node& other : nodes_) {
                other.links.erase(node.spec.name);
            }
        }
    }
    for (Arc& arc : arcs_) {
        if (arc.spec.owner == owner) {
            arc.present = false;
            arc.features.clear();
        }
        std::erase_if(arc.features, [&](const Feature& feature) { return feature.owner == owner; });
    }
}

bool Graph::was_removed(const std::string& name) const {
    return find(name) == no_node &&
           std::any_of(nodes_.begin(), nodes_.end(),
                       [&](const Node& node) { return !node.present && node.spec.name == name; });
}

}  // namespace graph
