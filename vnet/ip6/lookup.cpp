// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/lookup.hpp"

#include "vnet/ip6/scope.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::ip6 {

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
    static_assert(graph::vector_size <= RangeTable::View::most_keys);
    // Packets of one flow come in trains, and each train is looked up once.
    RangeTable::Key destinations[graph::vector_size];
    fib::PathIndex paths[graph::vector_size];
    uint8_t trains[graph::vector_size];
    static_assert(graph::vector_size <= 256);
    size_t train = 0;
    RangeTable::Key last_key;
    interface::Index from = packets[0]->meta().rx_interface;
    for (size_t i = 0; i < packets.size(); ++i) {
        const graph::Packet& packet = *packets[i];
        if (vrfs == Vrfs::one && packet.meta().rx_interface != from) [[unlikely]] {
            from = packet.meta().rx_interface;
            if (tables_.vrf_of(from) != vrf) {
                return false;
            }
        }
        const uint16_t l3 = packet.meta().l3_offset;
        // Whoever sends here has laid an IPv6 header; `::` leads nowhere.
        wire::Ip6Address destination;
        if (packet.holds(l3, sizeof(wire::Ip6Header))) [[likely]] {
            destination = wire::view<wire::Ip6Header>(packet.data() + l3, sizeof(wire::Ip6Header))
                              ->destination;
        }
        if (destination.is_link_local()) [[unlikely]] {
            destination = scoped(destination, packet.meta().rx_interface);
        }
        const RangeTable::Key key = destination;
        train +=
            size_t(i != 0) & size_t(((key.high ^ last_key.high) | (key.low ^ last_key.low)) != 0);
        last_key = key;
        destinations[train] = key;
        trains[i] = uint8_t(train);
    }
    tables_.of(vrf).view().lookup({destinations, train + 1}, paths);
    // Where many packets of a vector take one path, it is followed once.
    fib::PathIndex last = 0;
    fib::AdjacencyIndex index = forwarding_.at(last);
    uint32_t interface = forwarding_.adjacency(index).interface;
    graph::Hop hop = graph::Hop::node(forwarding_.adjacency(index).next);
    for (size_t i = 0; i < packets.size(); ++i) {
        if (const fib::PathIndex path = paths[trains[i]]; path != last) [[unlikely]] {
            last = path;
            index = forwarding_.at(last);
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

}  // namespace vnet::ip6

template void graph::drive<vnet::ip6::Lookup>(const void*, graph::Dispatch&,
                                              graph::Frame&) noexcept;
