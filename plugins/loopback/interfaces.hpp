// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vnet/interface/table.hpp"

namespace loopback {

using vnet::interface::Index;

/// Interfaces of kind "loopback": linked while they are up, with nothing behind them. Their
/// addresses are the router's own, whatever becomes of its ports. Control thread.
class Interfaces {
public:
    static constexpr const char* kind = "loopback";

    /// `tx_node` is the node "loopback-tx". The table outlives it, and it outlives its interfaces.
    Interfaces(vnet::interface::Table& table, graph::NodeId tx_node)
        : table_(table), tx_node_(tx_node) {}
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;

    /// Makes an interface, down; with a random local address where none is asked for.
    /// INVALID_ARGUMENT for a group address, ALREADY_EXISTS for a name in use.
    absl::Status add(const std::string& name, std::optional<vnet::wire::MacAddress> mac);

    struct Loopback {
        std::string name;
        /// As it was asked for.
        std::optional<vnet::wire::MacAddress> mac;
    };
    /// By name.
    std::vector<Loopback> all() const;

private:
    class Device;

    vnet::interface::Table& table_;
    const graph::NodeId tx_node_;
    /// The addresses that were asked for.
    std::map<Index, std::optional<vnet::wire::MacAddress>> loopbacks_;
};

}  // namespace loopback
