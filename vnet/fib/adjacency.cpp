// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/adjacency.hpp"

namespace vnet::fib {

// Twice as many adjacencies as paths: a path being turned has an old and a new one.
ForwardingTable::ForwardingTable(graph::Rcu& rcu)
    : rcu_(rcu), groups_(rcu), adjacencies_(2 * capacity), paths_(capacity) {
    make(Adjacency{});
}

AdjacencyIndex ForwardingTable::place(const Adjacency& adjacency) {
    if (free_adjacencies_.empty() && next_adjacency_ == adjacencies_.capacity()) {
        rcu_.flush();
    }
    AdjacencyIndex index = next_adjacency_;
    if (free_adjacencies_.empty()) {
        ++next_adjacency_;
    } else {
        index = free_adjacencies_.back();
        free_adjacencies_.pop_back();
    }
    adjacencies_[index] = adjacency;
    adjacency_use_.take(index);
    return index;
}

void ForwardingTable::free(AdjacencyIndex index) {
    free_adjacencies_.push_back(index);
    adjacency_use_.leave(index);
}

PathIndex ForwardingTable::make(const Adjacency& adjacency) {
    if (free_paths_.empty() && next_path_ == paths_.capacity()) {
        rcu_.flush();
    }
    PathIndex path = next_path_;
    if (!free_paths_.empty()) {
        path = free_paths_.back();
        free_paths_.pop_back();
    } else if (next_path_ == paths_.capacity()) {
        return 0;
    } else {
        ++next_path_;
    }
    paths_[path].store(place(adjacency), std::memory_order_release);
    return path;
}

void ForwardingTable::turn(PathIndex path, const Adjacency& adjacency) {
    const AdjacencyIndex before =
        paths_[path].exchange(place(adjacency), std::memory_order_acq_rel);
    rcu_.retire([this, before] { free(before); });
}

void ForwardingTable::release(PathIndex path) {
    if (path == 0) {
        return;
    }
    rcu_.retire([this, path] {
        free(paths_[path].load(std::memory_order_relaxed));
        free_paths_.push_back(path);
    });
}

std::string_view name(Action action) {
    switch (action) {
        case Action::no_route:
            return "no-route";
        case Action::forward:
            return "forward";
        case Action::resolve:
            return "resolve";
        case Action::local:
            return "local";
        case Action::blackhole:
            return "blackhole";
        case Action::prohibit:
            return "prohibit";
        case Action::unreachable:
            return "unreachable";
        case Action::broadcast:
            return "broadcast";
        case Action::lookup:
            return "lookup";
        case Action::balance:
            return "balance";
    }
    return {};
}

}  // namespace vnet::fib
