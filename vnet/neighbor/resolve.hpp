// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/mailbox.hpp"
#include "graph/slots.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/neighbor/resolve_limits.hpp"

namespace vnet::neighbor {

/// The neighbour that a packet waits for. It travels with the packet, because an adjacency may be
/// used again for something else while control holds the packet.
struct NextHop {
    uint32_t interface;
    /// Who had the packet: it goes on there, as what it was found to belong to is that worker's.
    uint32_t worker;
    /// An IPv4 address as its mapped one; `::`: the packet's own destination.
    wire::Ip6Address address;
};
using NextHopSlot = graph::Slot<NextHop>;

/// Hands packets whose next hop has no known MAC address to control, which asks for it and holds
/// them meanwhile: "ip4-resolve" and "ip6-resolve".
template <class Family>
class Resolve {
public:
    enum class Drop : graph::Edge { queue_full, rate_limited };
    static constexpr auto info = graph::node<Drop>(
        Family::resolve_node,
        {{Drop::queue_full, "queue-full",
          "more packets to unresolved neighbours than control takes"},
         {Drop::rate_limited, "rate-limited",
          "more packets a second to unresolved neighbours than one sender or all may hand to "
          "control"}});

    static constexpr std::string_view effects =
        "handed to control, which asks for the neighbour's MAC address and holds the packet "
        "meanwhile; where the interface is down, the sender is told that the host is unreachable";

    Resolve(graph::Mailbox& to_control, const fib::ForwardingTable& forwarding, NextHopSlot slot,
            unsigned workers)
        : to_control_(to_control), forwarding_(forwarding), slot_(slot), limits_(workers) {}
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet,
                                              graph::Dispatch& dispatch) const noexcept {
        const fib::Adjacency& adjacency = forwarding_.adjacency(packet.meta().adjacency);
        const bool is_next_hop = !adjacency.next_hop.is_unspecified();
        const bool allowed =
            is_next_hop
                ? limits_.allows_next_hop(
                      wire::detail::fold(adjacency.next_hop) + adjacency.interface, dispatch)
                : limits_.allows_sender(Family::sender(packet.from_offset(packet.meta().l3_offset)),
                                        dispatch);
        if (!allowed) {
            return Drop::rate_limited;
        }
        slot_.of(packet) = {adjacency.interface, dispatch.worker(), adjacency.next_hop};
        if (!to_control_.push(packet)) {
            return Drop::queue_full;
        }
        return graph::Hop::consumed();
    }

private:
    graph::Mailbox& to_control_;
    const fib::ForwardingTable& forwarding_;
    NextHopSlot slot_;
    mutable ResolveLimits limits_;
};

}  // namespace vnet::neighbor
