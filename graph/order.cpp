// SPDX-License-Identifier: Apache-2.0
#include "graph/order.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <boost/graph/transitive_closure.hpp>
#include <map>
#include <set>

namespace graph {

namespace {

using Constraints = boost::adjacency_list<boost::setS, boost::vecS, boost::directedS>;

/// Finds one cycle and keeps its vertices in order.
struct CycleFinder : boost::dfs_visitor<> {
    std::vector<size_t>* cycle;
    std::map<size_t, size_t>* parent;
    void tree_edge(Constraints::edge_descriptor edge, const Constraints& graph) {
        (*parent)[target(edge, graph)] = source(edge, graph);
    }
    void back_edge(Constraints::edge_descriptor edge, const Constraints& graph) {
        if (!cycle->empty()) {
            return;
        }
        const size_t top = target(edge, graph);
        for (size_t at = source(edge, graph); at != top; at = (*parent)[at]) {
            cycle->push_back(at);
        }
        cycle->push_back(top);
        std::reverse(cycle->begin(), cycle->end());
    }
};

/// Kahn's algorithm with the ready items kept by name.
std::vector<size_t> stable_sort(const Constraints& graph, const std::vector<std::string>& names) {
    std::vector<size_t> waits(names.size());
    for (auto [edge, end] = edges(graph); edge != end; ++edge) {
        ++waits[target(*edge, graph)];
    }
    std::set<std::pair<std::string, size_t>> ready;
    for (size_t i = 0; i < names.size(); ++i) {
        if (waits[i] == 0) {
            ready.insert({names[i], i});
        }
    }
    std::vector<size_t> sequence;
    while (!ready.empty()) {
        const size_t item = ready.begin()->second;
        ready.erase(ready.begin());
        sequence.push_back(item);
        for (auto [edge, end] = out_edges(item, graph); edge != end; ++edge) {
            const size_t next = target(*edge, graph);
            if (--waits[next] == 0) {
                ready.insert({names[next], next});
            }
        }
    }
    return sequence;
}

}  // namespace

absl::StatusOr<Order> sort_by_constraints(const std::string& what,
                                          const std::vector<OrderItem>& items,
                                          const std::vector<std::string>& optional_names) {
    std::map<std::string, size_t> index;
    std::set<std::string> known;
    for (size_t i = 0; i < items.size(); ++i) {
        index[items[i].name] = i;
        known.insert(items[i].name);
    }
    // The optional ones that are not there are vertices behind the items, and left out in the end.
    std::vector<std::string> vertex_names;
    for (const OrderItem& item : items) {
        vertex_names.push_back(item.name);
    }
    for (const std::string& name : optional_names) {
        if (index.emplace(name, vertex_names.size()).second) {
            vertex_names.push_back(name);
        }
    }
    Constraints graph(vertex_names.size());
    for (size_t i = 0; i < items.size(); ++i) {
        const auto relate = [&](const std::vector<std::string>& names,
                                bool before) -> absl::Status {
            for (const std::string& name : names) {
                const auto other = index.find(name);
                if (other == index.end()) {
                    return absl::InvalidArgumentError(fmt::format(
                        "{}: '{}' asks to come {} '{}', which is not there; known are: {}", what,
                        items[i].name, before ? "before" : "after", name, fmt::join(known, ", ")));
                }
                before ? add_edge(i, other->second, graph) : add_edge(other->second, i, graph);
            }
            return absl::OkStatus();
        };
        if (auto status = relate(items[i].before, true); !status.ok()) {
            return status;
        }
        if (auto status = relate(items[i].after, false); !status.ok()) {
            return status;
        }
    }

    std::vector<size_t> cycle;
    std::map<size_t, size_t> parent;
    CycleFinder finder;
    finder.cycle = &cycle;
    finder.parent = &parent;
    depth_first_search(graph, visitor(finder));
    if (!cycle.empty()) {
        std::string names;
        for (const size_t at : cycle) {
            names += fmt::format("'{}' before ", vertex_names[at]);
        }
        return absl::FailedPreconditionError(fmt::format("{}: the order goes in a circle: {}'{}'",
                                                         what, names, vertex_names[cycle.front()]));
    }

    Order order;
    order.sequence = stable_sort(graph, vertex_names);
    std::erase_if(order.sequence, [&](size_t vertex) { return vertex >= items.size(); });
    Constraints closure;
    transitive_closure(graph, closure);
    for (size_t later = 1; later < order.sequence.size(); ++later) {
        for (size_t earlier = 0; earlier < later; ++earlier) {
            const OrderItem& first = items[order.sequence[earlier]];
            const OrderItem& second = items[order.sequence[later]];
            if (edge(order.sequence[earlier], order.sequence[later], closure).second) {
                continue;
            }
            // All pairs of one owner, so that its author sees the error whatever else is loaded in
            // between.
            if (first.owner == second.owner) {
                return absl::FailedPreconditionError(fmt::format(
                    "{}: '{}' and '{}' of {} state no order between them; say which comes first",
                    what, first.name, second.name, first.owner));
            }
            if (earlier + 1 == later) {
                order.warnings.push_back(fmt::format(
                    "{}: '{}' of {} and '{}' of {} state no order between them; taken by name",
                    what, first.name, first.owner, second.name, second.owner));
            }
        }
    }
    return order;
}

}  // namespace graph
