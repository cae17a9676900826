// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/config.hpp"
#include "plugins/nat44/drops.hpp"
#include "vnet/fib/adjacency.hpp"

namespace nat44 {

/// Has a translated packet looked up in a VRF, whichever its interface has.
class ToVrf {
public:
    /// `lookup_vrf` is the node that looks up in the VRF of the adjacency.
    ToVrf(const vnet::fib::ForwardingTable& forwarding, graph::NodeId lookup_vrf)
        : forwarding_(forwarding), lookup_vrf_(lookup_vrf) {}

    graph::Hop operator()(graph::Packet& packet, Vrf vrf, const Config& config) const noexcept {
        const auto path = config.vrf_path(vrf);
        if (!path) {
            return drop(Drop::no_vrf);
        }
        packet.meta().adjacency = forwarding_.at(*path);
        return graph::Hop::node(lookup_vrf_);
    }

private:
    const vnet::fib::ForwardingTable& forwarding_;
    const graph::NodeId lookup_vrf_;
};

}  // namespace nat44
