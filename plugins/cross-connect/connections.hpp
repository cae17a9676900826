// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.hpp"
#include "plugins/cross-connect/connect.hpp"

namespace cross_connect {

/// Which interfaces are joined, two and two. Control thread.
class Connections {
public:
    static constexpr const char* arc = "device-input";
    /// Behind what spreads a queue's packets over workers.
    static graph::FeatureSpec feature() {
        return {std::string(Connect::info.name), {}, {"worker-handoff"}};
    }

    /// The node is registered and on the arc. All outlive this.
    Connections(graph::Graph& graph, vnet::interface::Table& table, Connect& node)
        : graph_(graph), table_(table), node_(node) {}
    /// What is joined stays so, for as long as the node does; nobody has it for his own any longer.
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// Joins two interfaces, both ways. NOT_FOUND names the interfaces that there are,
    /// INVALID_ARGUMENT is for one with itself, ALREADY_EXISTS says who takes in its
    /// frames already.
    absl::Status add(const std::string& a, const std::string& b);
    /// NOT_FOUND where they are not joined.
    absl::Status remove(const std::string& a, const std::string& b);
    /// Pairs in the order of their names, as they were named.
    std::vector<std::pair<Index, Index>> all() const;

    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    absl::Status turn(Index interface, Index peer);
    void part(Index interface);

    graph::Graph& graph_;
    vnet::interface::Table& table_;
    Connect& node_;
    std::map<Index, Index> peers_;
    /// The one of each two that was named first.
    std::map<Index, Index> pairs_;
};

}  // namespace cross_connect
