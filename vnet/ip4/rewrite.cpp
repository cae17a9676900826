// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/rewrite.hpp"

#include <algorithm>
#include <cstring>

#include "vnet/wire/checksum.hpp"

namespace vnet::ip4 {

namespace {
/// Copied with every header that is no longer: an Ethernet header and two bytes in front of it,
/// which belong to nobody any more.
constexpr uint32_t short_copy = 16;
}  // namespace

void Rewrite::Pass::turn_to(fib::AdjacencyIndex index, const fib::Adjacency& adjacency) noexcept {
    index_ = index;
    adjacency_ = &adjacency;
    interface_ = adjacency.interface;
    length_ = adjacency.rewrite_length <= short_copy ? adjacency.rewrite_length : no_length;
    longest_ = uint32_t(std::min<uint64_t>(uint64_t(adjacency.mtu) + length_, no_length));
    headroom_ = short_copy - std::min(length_, short_copy);
    std::memcpy(header_.data(), adjacency.rewrite.data() + adjacency.rewrite.size() - short_copy,
                short_copy);
}

graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::operator()(graph::Packet& packet,
                                                            Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    if (meta.adjacency != pass.index_) [[unlikely]] {
        pass.turn_to(meta.adjacency, forwarding_.adjacency(meta.adjacency));
    }
    const uint32_t l3 = meta.l3_offset;
    if (!packet.holds(l3, sizeof(wire::Ip4Header))) [[unlikely]] {
        return Drop::truncated;
    }
    auto& ip = *wire::view<wire::Ip4Header>(packet.data() + l3, sizeof(wire::Ip4Header));
    // Nearly all packets are forwarded, fit, and have a header of the length of the new one.
    // Whoever fails one of the conditions is looked at again with care.
    if (meta.has(graph::packet_flag::local_origin) || l3 != pass.length_ ||
        packet.length() > pass.longest_ || meta.rx_interface == pass.interface_ ||
        packet.headroom() < pass.headroom_ || !wire::decrement_ttl(ip)) [[unlikely]] {
        return less_often(packet, pass);
    }
    std::memcpy(packet.data() + l3 - short_copy, pass.header_.data(), short_copy);
    meta.l2_offset = 0;
    return pass.arc_.enter(packet, meta.tx_interface);
}

// Not in line: what most packets pass by costs them nothing.
[[gnu::noinline]] graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::less_often(
    graph::Packet& packet, Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    const uint32_t l3 = meta.l3_offset;
    auto& ip = *wire::view<wire::Ip4Header>(packet.data() + l3, sizeof(wire::Ip4Header));
    // A link without a header, such as a tunnel: the old one goes.
    if (pass.length_ != 0 || l3 == 0 || meta.has(graph::packet_flag::local_origin) ||
        packet.length() - l3 > pass.longest_ || meta.rx_interface == pass.interface_ ||
        !wire::decrement_ttl(ip)) {
        return with_care(packet, pass);
    }
    (void)packet.move_start(int(l3));
    meta.l2_offset = 0;
    meta.flags |= graph::packet_flag::bare;
    return pass.arc_.enter(packet, meta.tx_interface);
}

graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::with_care(graph::Packet& packet,
                                                           Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    const bool forwarded = !meta.has(graph::packet_flag::local_origin);
    if (forwarded && ip->ttl <= 1) {
        return expired(packet, pass.dispatch_);
    }
    const fib::Adjacency& adjacency = *pass.adjacency_;
    if (packet.length() - meta.l3_offset > adjacency.mtu) {
        return too_big(packet, *ip, adjacency.mtu, pass.dispatch_);
    }
    if (forwarded) {
        if (meta.rx_interface == adjacency.interface) {
            redirect(packet, *ip, adjacency, pass.dispatch_);
        }
        (void)wire::decrement_ttl(*ip);
    }
    // The new header ends where layer 3 begins.
    const int begin = int(meta.l3_offset) - adjacency.rewrite_length;
    if (begin != 0 && !packet.move_start(begin)) {
        return Drop::no_headroom;
    }
    std::memcpy(packet.data(),
                adjacency.rewrite.data() + adjacency.rewrite.size() - adjacency.rewrite_length,
                adjacency.rewrite_length);
    meta.l2_offset = 0;
    if (adjacency.rewrite_length == 0) {
        meta.flags |= graph::packet_flag::bare;
    }
    return pass.arc_.enter(packet, meta.tx_interface);
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
        return Next::fragment;
    }
    dispatch.count_drop(graph::Edge(Drop::too_big), packet);
    icmp4::ask(slot_, packet, wire::Icmp4Type::unreachable,
               uint8_t(wire::Icmp4Unreachable::fragmentation_needed), mtu);
    return Next::icmp_error;
}

void Rewrite::redirect(const graph::Packet& packet, const wire::Ip4Header& ip,
                       const fib::Adjacency& adjacency, graph::Dispatch& dispatch) const noexcept {
    // Only a sender that is itself on the link can use the hint: the way back to it must be direct.
    const Dir24& table = tables_.of_interface(packet.meta().rx_interface);
    const fib::Adjacency& back =
        forwarding_.adjacency(forwarding_.at(table.lookup(ip.source.value())));
    const bool direct = back.interface == adjacency.interface &&
                        (back.next_hop.is_unspecified() || back.ip4_next_hop() == ip.source);
    // Of a packet that was cut, its first fragment earns the one redirect (RFC 1812 4.3.2.7).
    if (!direct || packet.meta().has(graph::packet_flag::l2_group) || !ip.has_l4_header()) {
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
    const wire::Ip4Address hop = adjacency.ip4_next_hop();
    const uint32_t gateway = (hop != wire::Ip4Address() ? hop : ip.destination).value();
    icmp4::ask(slot_, *told, wire::Icmp4Type::redirect, uint8_t(wire::Icmp4Redirect::host),
               gateway);
    dispatch.emit(*told, graph::Hop::edge(graph::Edge(Next::icmp_error)));
}

}  // namespace vnet::ip4

template void graph::drive<vnet::ip4::Rewrite>(const void*, graph::Dispatch&,
                                               graph::Frame&) noexcept;
