// SPDX-License-Identifier: Apache-2.0
#include "vnet/ethernet/input.hpp"

#include <cstring>

#include "vnet/wire/ethernet.hpp"

namespace vnet::ethernet {

namespace {

constexpr uint16_t header_bytes = sizeof(wire::EthernetHeader);
constexpr unsigned prefetch_ahead = 8;

/// The first eight bytes of a frame as they lie in memory: the destination, and in the two high
/// bytes the beginning of the source. On a little-endian host, as all that DPDK's x86 drivers run
/// on.
constexpr uint64_t destination_mask = 0x0000'ffff'ffff'ffff;
constexpr uint64_t destination_group = 0x0000'0000'0000'0001;
constexpr uint64_t source_group = 0x0001'0000'0000'0000;

template <class T>
T load(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

/// Hot::mac in the order of a frame.
uint64_t in_frame_order(uint64_t mac) noexcept {
    return __builtin_bswap64(mac) >> 16;
}

}  // namespace

void Input::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                       graph::Dispatch&) const noexcept {
    constexpr graph::Hop to_ip4 = graph::Hop::edge(graph::Edge(Next::ip4));
    const uint16_t ip4_type = wire::to_be(wire::EtherType::ip4).network();
    const size_t size = packets.size();
    for (size_t i = 0; i < size && i < prefetch_ahead; ++i) {
        graph::detail::prefetch_packet(packets[i]);
    }
    size_t i = 0;
    while (i < size) {
        // Packets of a vector mostly came in by one interface: what depends on it is looked up once
        // a run.
        const interface::Index index = packets[i]->meta().rx_interface;
        const bool known = index < graph::max_interfaces;
        const bool up = known && table_.hot(index).up();
        const uint64_t mac =
            known ? in_frame_order(table_.hot(index).mac.load(std::memory_order_relaxed)) : 0;
        // More than 16 bits: no frame of an interface that is down has this type, and all take the
        // slow path.
        const uint32_t wanted_type = up ? ip4_type : 0x1'0000;
        do {
            if (i + prefetch_ahead < size) {
                graph::detail::prefetch_packet(packets[i + prefetch_ahead]);
            }
            graph::Packet& packet = *packets[i];
            const std::byte* data = packet.data();
            packet.meta().l2_offset = 0;
            packet.meta().l3_offset = header_bytes;
            if (packet.segment_length() >= header_bytes &&
                ((load<uint64_t>(data) ^ mac) & (destination_mask | source_group)) == 0 &&
                load<uint16_t>(data + 12) == wanted_type) [[likely]] {
                hops.set(i, to_ip4);
            } else {
                hops.set(i, classify(packet, up, mac));
            }
            ++i;
        } while (i < size && packets[i]->meta().rx_interface == index);
    }
}

graph::Hop Input::classify(graph::Packet& packet, bool up, uint64_t mac) const noexcept {
    const auto drop = [](Drop reason) { return graph::Hop::drop(graph::Edge(reason)); };
    const auto* header = wire::view<wire::EthernetHeader>(packet.data(), packet.segment_length());
    if (header == nullptr) {
        return drop(Drop::too_short);
    }
    if (!up) {
        return drop(Drop::interface_down);
    }
    const auto first = load<uint64_t>(packet.data());
    if ((first & destination_group) != 0) {
        packet.meta().flags |= graph::packet_flag::l2_group;
    } else if ((first & destination_mask) != mac) {
        return drop(Drop::not_for_us);
    }
    if ((first & source_group) != 0) {
        return drop(Drop::bad_source);
    }
    if (header->is_llc()) {
        return drop(Drop::not_ethernet_ii);
    }
    const wire::EtherType type = header->ether_type();
    if (type == wire::EtherType::ip4) {
        return graph::Hop::edge(graph::Edge(Next::ip4));
    }
    if (type == wire::EtherType::arp) {
        return graph::Hop::edge(graph::Edge(Next::arp));
    }
    if (const graph::NodeId node = types_.find(type); node != graph::no_node) {
        return graph::Hop::node(node);
    }
    const bool tagged = type == wire::EtherType::vlan || type == wire::EtherType::qinq;
    return drop(tagged ? Drop::unknown_vlan : Drop::unknown_type);
}

}  // namespace vnet::ethernet
