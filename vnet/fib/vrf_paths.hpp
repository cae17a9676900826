// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "vnet/fib/adjacency.hpp"

namespace vnet::fib {

/// The path to each VRF that packets are looked up in again, of one address family; shared and
/// counted. Control thread.
class VrfPaths {
public:
    /// `lookup` is the node that looks up in the VRF of the adjacency. The table outlives it.
    VrfPaths(ForwardingTable& forwarding, graph::NodeId lookup)
        : forwarding_(forwarding), lookup_(lookup) {}
    VrfPaths(const VrfPaths&) = delete;
    VrfPaths& operator=(const VrfPaths&) = delete;

    /// Path 0 where there is no room; to be released all the same.
    PathIndex acquire(interface::Vrf vrf) {
        Held& held = held_[vrf];
        if (held.holders++ == 0) {
            Adjacency adjacency;
            adjacency.next = lookup_;
            adjacency.action = Action::lookup;
            adjacency.vrf = vrf;
            held.path = forwarding_.make(adjacency);
        }
        return held.path;
    }
    void release(interface::Vrf vrf) {
        Held& held = held_[vrf];
        if (--held.holders == 0) {
            forwarding_.release(held.path);
        }
    }
    /// How many lead there.
    size_t holders(interface::Vrf vrf) const noexcept { return held_[vrf].holders; }

private:
    struct Held {
        PathIndex path = 0;
        size_t holders = 0;
    };
    ForwardingTable& forwarding_;
    graph::NodeId lookup_;
    std::array<Held, interface::most_vrfs> held_;
};

}  // namespace vnet::fib
