// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "plugins/mss-clamp/limits.hpp"

namespace mss_clamp {

/// Which interfaces clamp. Control thread.
class Clamps {
public:
    /// The nodes are registered and on their arcs. All outlive this.
    Clamps(graph::Graph& graph, vnet::interface::Table& table, Limits& limits)
        : graph_(graph), table_(table), limits_(limits) {}
    Clamps(const Clamps&) = delete;
    Clamps& operator=(const Clamps&) = delete;

    /// NOT_FOUND for an unknown interface, OUT_OF_RANGE for an MSS that is none.
    absl::Status set(const std::string& interface, const Setting& setting);
    /// NOT_FOUND where it is not set.
    absl::Status reset(const std::string& interface);
    struct State {
        Index interface = 0;
        Setting setting;
        /// What an IPv4 segment may have now.
        uint16_t mss = 0;
        /// Since it was set first.
        Limits::Counts counts;
    };
    /// By name.
    std::vector<State> all() const;
    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    struct Entry {
        Setting setting;
        /// What its index had counted when it was set first.
        Limits::Counts base;
    };
    absl::Status turn(Index interface, bool rx, bool tx);
    void forget(Index interface);

    graph::Graph& graph_;
    vnet::interface::Table& table_;
    Limits& limits_;
    std::map<Index, Entry> entries_;
};

}  // namespace mss_clamp
