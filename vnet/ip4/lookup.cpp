// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/lookup.hpp"

#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

void Lookup::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                        graph::Dispatch&) const noexcept {
    // Two passes: the table's lines of all packets are on their way before the first is needed.
    const Dir24::View table = table_.view();
    uint32_t destinations[graph::vector_size];
    for (size_t i = 0; i < packets.size(); ++i) {
        const graph::Packet& packet = *packets[i];
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
}

}  // namespace vnet::ip4

template void graph::drive<vnet::ip4::Lookup>(const void*, graph::Dispatch&,
                                              graph::Frame&) noexcept;
