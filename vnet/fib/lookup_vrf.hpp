// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"

namespace vnet::fib {

/// Looks a packet up again, in the VRF that its adjacency names: "ip4-lookup-vrf" and
/// "ip6-lookup-vrf". Where that leads to a further VRF it goes on there at once, but not for ever.
/// The packet remembers the last one: whoever holds it for a while, and cannot keep its adjacency,
/// sends it here again with `no_adjacency`.
template <class Family>
class LookupVrf {
public:
    enum class Drop : graph::Edge { truncated, loop };
    static constexpr auto info = graph::node<Drop>(
        Family::lookup_vrf_node,
        {{Drop::truncated, "truncated", "fewer bytes than its header"},
         {Drop::loop, "vrf-loop", "routes lead from VRF to VRF more than four times"}});
    /// From one VRF to the next.
    static constexpr unsigned most_vrfs_passed = 4;

    LookupVrf(const Tables<typename Family::Table>& tables, const ForwardingTable& forwarding)
        : tables_(tables), forwarding_(forwarding) {}

    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet) const noexcept {
        graph::Metadata& meta = packet.meta();
        const auto destination = Family::destination(packet.from_offset(meta.l3_offset));
        if (!destination) {
            return Drop::truncated;
        }
        const auto key = Family::scoped(*destination, meta.rx_interface);
        interface::Vrf vrf = vrf_of(meta, forwarding_);
        for (unsigned passed = 0; passed < most_vrfs_passed; ++passed) {
            const AdjacencyIndex index = forwarding_.at(Family::look_up(tables_.of(vrf), key));
            const Adjacency& adjacency = forwarding_.adjacency(index);
            if (adjacency.action != Action::lookup) {
                meta.adjacency = index;
                meta.tx_interface = adjacency.interface;
                meta.flags |= graph::packet_flag::led_to_vrf;
                meta.vrf = vrf;
                if (adjacency.action == Action::broadcast) {
                    // Nobody answers a broadcast of another VRF either (RFC 2644).
                    meta.flags |= graph::packet_flag::l2_group;
                }
                return graph::Hop::node(adjacency.next);
            }
            vrf = adjacency.vrf;
        }
        return Drop::loop;
    }

    /// Where a packet is looked up that comes here.
    static interface::Vrf vrf_of(const graph::Metadata& meta,
                                 const ForwardingTable& forwarding) noexcept {
        return meta.adjacency == no_adjacency ? meta.vrf : forwarding.adjacency(meta.adjacency).vrf;
    }

private:
    const Tables<typename Family::Table>& tables_;
    const ForwardingTable& forwarding_;
};

}  // namespace vnet::fib
