// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/lookup.hpp"

#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

void Lookup::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                        graph::Dispatch&) const noexcept {
    if (packets.empty() || look_up<Vrfs::one>(tables_.vrf_of(packets[0]->meta().rx_interface),
                                              packets, hops)) [[likely]] {
        return;
    }
    tables_.split(packets, hops, [this](interface::Vrf vrf, auto own, graph::Hops found) {
        (void)look_up<Vrfs::split>(vrf, own, found);
    });
}

/// False, and nothing is changed, where packets of other VRFs are found among them.
template <Lookup::Vrfs vrfs>
bool Lookup::look_up(interface::Vrf vrf, std::span<graph::Packet* const> packets,
                     graph::Hops hops) const noexcept {
    // Two passes: the table's lines of all packets are on their way before the first is needed.
    const Dir24::View table = tables_.of(vrf).view();
    interface::Index from = packets[0]->meta().rx_interface;
    uint32_t destinations[graph::vector_size];
    for (size_t i = 0; i < packets.size(); ++i) {
        const graph::Packet& packet = *packets[i];
        if (vrfs == Vrfs::one && packet.meta().rx_interface != from) [[unlikely]] {
            from = packet.meta().rx_interface;
            if (tables_.vrf_of(from) != vrf) {
                return false;
            }
        }
        const uint16_t l3 = packet.meta().l3_offset;
        // Whoever sends here has laid an IPv4 header; 0.0.0.0 leads nowhere.
        destinations[i] =
            packet.holds(l3, sizeof(wire::Ip4Header))
                ? wire::view<wire::Ip4Header>(packet.data() + l3, sizeof(wire::Ip4Header))
                      ->destination.value()
                : 0;
        table.prefetch(destinations[i]);
    }
    // Where many packets of a vector take one path, it is followed once.
    fib::PathIndex last = 0;
    fib::AdjacencyIndex index = forwarding_.at(last);
    uint32_t interface = forwarding_.adjacency(index).interface;
    graph::Hop hop = graph::Hop::node(forwarding_.adjacency(index).next);
    for (size_t i = 0; i < packets.size(); ++i) {
        if (const fib::PathIndex path = table.lookup(destinations[i]); path != last) [[unlikely]] {
            last = path;
            index = forwarding_.at(path);
            interface = forwarding_.adjacency(index).interface;
            hop = graph::Hop::node(forwarding_.adjacency(index).next);
        }
        graph::Metadata& meta = packets[i]->meta();
        meta.adjacency = index;
        meta.tx_interface = interface;
        hops.set(i, hop);
    }
    return true;
}

}  // namespace vnet::ip4

template void graph::drive<vnet::ip4::Lookup>(const void*, graph::Dispatch&,
                                              graph::Frame&) noexcept;
