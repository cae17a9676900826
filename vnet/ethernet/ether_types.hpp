// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <atomic>
#include <string>

#include "graph/graph.hpp"
#include "graph/stable_array.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::ethernet {

/// Which frames of a type a node takes in.
enum class Destination {
    /// To the interface's address, and to groups.
    ours,
    /// To any station: the node looks itself. packet_flag::l2_group is not set.
    any
};

/// Which node takes in frames of an EtherType, for all types but IPv4 and ARP, which
/// "ethernet-input" knows itself. Changed by the control thread at any time, read by workers.
class EtherTypes {
public:
    explicit EtherTypes(graph::Graph& graph) : graph_(graph), nodes_(65536) {}

    /// Sends frames of a type to a node, with Metadata::l3_offset behind the type. The node must be
    /// registered, and the graph be committed afterwards. ALREADY_EXISTS names who has it,
    /// NOT_FOUND an unknown node.
    absl::Status add(wire::EtherType type, const std::string& node,
                     Destination destination = Destination::ours);
    /// Frames of the type are dropped again. Nothing happens where nobody had it.
    void remove(wire::EtherType type);

    /// Workers: the node, or no_node.
    graph::NodeId find(wire::EtherType type) const noexcept {
        return node_of(nodes_[uint16_t(type)].load(std::memory_order_relaxed));
    }
    /// Workers: the node, where it takes in frames to any station; else no_node.
    graph::NodeId find_for_any(wire::EtherType type) const noexcept {
        const uint16_t stored = nodes_[uint16_t(type)].load(std::memory_order_relaxed);
        return (stored & any_flag) != 0 ? node_of(stored) : graph::no_node;
    }

private:
    /// Nodes are stored one up, so that zero bytes mean nobody.
    static constexpr uint16_t any_flag = 0x8000;
    static constexpr graph::NodeId node_of(uint16_t stored) noexcept {
        return stored == 0 ? graph::no_node : graph::NodeId((stored & ~any_flag) - 1);
    }

    graph::Graph& graph_;
    graph::StableArray<std::atomic<uint16_t>> nodes_;
};

}  // namespace vnet::ethernet
