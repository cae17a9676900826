// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "plugins/urpf/modes.hpp"
#include "vnet/interface/table.hpp"

namespace urpf {

/// Which interfaces check the sources of their packets. Control thread.
class Checks {
public:
    /// The nodes are registered and on their arcs. All outlive this.
    Checks(graph::Graph& graph, vnet::interface::Table& table, Modes& modes)
        : graph_(graph), table_(table), modes_(modes) {}
    Checks(const Checks&) = delete;
    Checks& operator=(const Checks&) = delete;

    /// NOT_FOUND for an unknown interface. The mode is not off.
    absl::Status set(const std::string& interface, const Setting& setting);
    /// NOT_FOUND where it is not set.
    absl::Status reset(const std::string& interface);
    struct State {
        std::string interface;
        Setting setting;
        /// Packets since it was set first.
        uint64_t dropped = 0;
    };
    /// By name.
    std::vector<State> all() const;
    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    struct Entry {
        Setting setting;
        /// What its index had counted when it was set first.
        uint64_t base = 0;
    };
    absl::Status turn(Index interface, bool on);
    void forget(Index interface);

    graph::Graph& graph_;
    vnet::interface::Table& table_;
    Modes& modes_;
    std::map<Index, Entry> entries_;
};

}  // namespace urpf
