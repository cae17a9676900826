// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/lookup.hpp"

#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

void Lookup::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                        graph::Dispatch&) const noexcept {
    // Two passes: the table's lines of all packets are on their way before the first is needed.
    uint32_t destinations[graph::vector_size];
    for (size_t i = 0; i < packets.size(); ++i) {
        const graph::Packet& packet = *packets[i];
        const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(packet.meta().l3_offset));
        // Whoever sends here has laid an IPv4 header; 0.0.0.0 leads nowhere.
        destinations[i] = ip == nullptr ? 0 : ip->destination.value();
        table_.prefetch(destinations[i]);
    }
    for (size_t i = 0; i < packets.size(); ++i) {
        graph::Metadata& meta = packets[i]->meta();
        const fib::AdjacencyIndex index = forwarding_.at(table_.lookup(destinations[i]));
        const fib::Adjacency& adjacency = forwarding_.adjacency(index);
        meta.adjacency = index;
        meta.tx_interface = adjacency.interface;
        hops.set(i, graph::Hop::node(adjacency.next));
    }
}

}  // namespace vnet::ip4
