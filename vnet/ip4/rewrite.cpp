// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/rewrite.hpp"

#include <algorithm>
#include <cstring>

#include "vnet/wire/checksum.hpp"

namespace vnet::ip4 {

graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    if (ip == nullptr) [[unlikely]] {
        return Drop::truncated;
    }
    const bool forwarded = !meta.has(graph::packet_flag::local_origin);
    if (forwarded && ip->ttl <= 1) [[unlikely]] {
        return expired(packet, dispatch);
    }
    const fib::Adjacency& adjacency = forwarding_.adjacency(meta.adjacency);
    if (packet.length() - meta.l3_offset > adjacency.mtu) [[unlikely]] {
        return too_big(packet, *ip, adjacency.mtu, dispatch);
    }
    if (forwarded) [[likely]] {
        if (meta.rx_interface == adjacency.interface) [[unlikely]] {
            redirect(packet, *ip, adjacency, dispatch);
        }
        (void)wire::decrement_ttl(*ip);
    }
    // The new header ends where layer 3 begins; the copy is of fixed size and may reach further
    // back, into bytes that belong to nobody any more.
    const int begin = int(meta.l3_offset) - adjacency.rewrite_length;
    if (begin != 0 && !packet.move_start(begin)) [[unlikely]] {
        return Drop::no_headroom;
    }
    constexpr size_t short_copy = 16;
    std::byte* l3 = packet.data() + meta.l3_offset;
    const std::byte* end = adjacency.rewrite.data() + fib::Adjacency::rewrite_capacity;
    if (size_t(packet.headroom()) + meta.l3_offset < fib::Adjacency::rewrite_capacity)
        [[unlikely]] {
        std::memcpy(l3 - adjacency.rewrite_length, end - adjacency.rewrite_length,
                    adjacency.rewrite_length);
    } else if (adjacency.rewrite_length <= short_copy) [[likely]] {
        std::memcpy(l3 - short_copy, end - short_copy, short_copy);
    } else {
        std::memcpy(l3 - fib::Adjacency::rewrite_capacity, adjacency.rewrite.data(),
                    fib::Adjacency::rewrite_capacity);
    }
    meta.l2_offset = 0;
    return dispatch.start_arc(arc_, packet);
}

graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::expired(graph::Packet& packet,
                                                         graph::Dispatch& dispatch) const noexcept {
    dispatch.count_drop(graph::Edge(Drop::ttl_expired), packet);
    icmp4::ask(slot_, packet, wire::Icmp4Type::time_exceeded,
               uint8_t(wire::Icmp4TimeExceeded::transit));
    return Next::icmp_error;
}

graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::too_big(graph::Packet& packet,
                                                         const wire::Ip4Header& ip, uint32_t mtu,
                                                         graph::Dispatch& dispatch) const noexcept {
    if (!ip.dont_fragment()) {
        return Drop::too_big;
    }
    dispatch.count_drop(graph::Edge(Drop::too_big), packet);
    icmp4::ask(slot_, packet, wire::Icmp4Type::unreachable,
               uint8_t(wire::Icmp4Unreachable::fragmentation_needed), mtu);
    return Next::icmp_error;
}

void Rewrite::redirect(const graph::Packet& packet, const wire::Ip4Header& ip,
                       const fib::Adjacency& adjacency, graph::Dispatch& dispatch) const noexcept {
    // Only a sender that is itself on the link can use the hint: the way back to it must be direct.
    const fib::Adjacency& back =
        forwarding_.adjacency(forwarding_.at(table_.lookup(ip.source.value())));
    const bool direct = back.interface == adjacency.interface &&
                        (back.next_hop == 0 || back.next_hop == ip.source.value());
    if (!direct || packet.meta().has(graph::packet_flag::l2_group)) {
        return;
    }
    graph::Packet* told = dispatch.pool().allocate();
    if (told == nullptr) {
        return;
    }
    const auto quoted = packet.from_offset(packet.meta().l3_offset);
    told->resize(uint32_t(std::min<size_t>(quoted.size(), told->tailroom())));
    std::memcpy(told->data(), quoted.data(), told->length());
    told->meta().rx_interface = packet.meta().rx_interface;
    const uint32_t gateway = adjacency.next_hop != 0 ? adjacency.next_hop : ip.destination.value();
    icmp4::ask(slot_, *told, wire::Icmp4Type::redirect, uint8_t(wire::Icmp4Redirect::host),
               gateway);
    dispatch.emit(*told, graph::Hop::edge(graph::Edge(Next::icmp_error)));
}

}  // namespace vnet::ip4
