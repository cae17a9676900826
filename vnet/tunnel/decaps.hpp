// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/ip4/local.hpp"

namespace vnet::tunnel {

/// The nodes that take packets out of tunnels, by IP protocol and UDP port, of one underlay. They
/// are reached straight from the route of a tunnel's address, and behind "ip4-local" as others are:
/// what comes in fragments or with options comes that way. Changed by control, read by workers.
class Decaps {
public:
    /// `local` is who takes what is addressed to the router. Both outlive it.
    Decaps(const graph::Graph& graph, ip4::LocalTable& local) : graph_(graph), local_(local) {}
    Decaps(const Decaps&) = delete;
    Decaps& operator=(const Decaps&) = delete;

    /// ALREADY_EXISTS names who has it. A node takes packets from their IP header on, checked as
    /// "ip4-input" does; of UDP, the length fits the packet.
    absl::Status take_protocol(wire::IpProtocol protocol, graph::NodeId node) {
        absl::Status status = local_.register_protocol(graph_, protocol, node);
        if (status.ok()) {
            status = direct_.register_protocol(graph_, protocol, node);
        }
        return status;
    }
    absl::Status take_udp_port(uint16_t port, graph::NodeId node) {
        absl::Status status = local_.register_udp_port(graph_, port, node);
        if (status.ok()) {
            status = direct_.register_udp_port(graph_, port, node);
        }
        return status;
    }
    /// Before the node goes.
    void leave_protocol(wire::IpProtocol protocol) {
        direct_.unregister_protocol(protocol);
        local_.unregister_protocol(protocol);
    }
    void leave_udp_port(uint16_t port) {
        direct_.unregister_udp_port(port);
        local_.unregister_udp_port(port);
    }

    /// no_node: no tunnel has it.
    graph::NodeId protocol(wire::IpProtocol protocol) const noexcept {
        return direct_.protocol(protocol);
    }
    graph::NodeId udp_port(uint16_t port) const noexcept { return direct_.udp_port(port); }

private:
    const graph::Graph& graph_;
    ip4::LocalTable& local_;
    /// Of these only.
    ip4::LocalTable direct_;
};

}  // namespace vnet::tunnel
