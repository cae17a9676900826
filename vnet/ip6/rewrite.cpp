// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/rewrite.hpp"

#include <algorithm>
#include <cstring>

#include "vnet/ip6/scope.hpp"

namespace vnet::ip6 {

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
    if (!packet.holds(l3, sizeof(wire::Ip6Header))) [[unlikely]] {
        return Drop::truncated;
    }
    auto& ip = *wire::view<wire::Ip6Header>(packet.data() + l3, sizeof(wire::Ip6Header));
    // Nearly all packets are forwarded, fit, and have a header of the length of the new one.
    // Whoever fails one of the conditions is looked at again with care.
    if (meta.has(graph::packet_flag::local_origin) || l3 != pass.length_ ||
        packet.length() > pass.longest_ || meta.rx_interface == pass.interface_ ||
        packet.headroom() < pass.headroom_ || !wire::decrement_hop_limit(ip)) [[unlikely]] {
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
    auto& ip = *wire::view<wire::Ip6Header>(packet.data() + l3, sizeof(wire::Ip6Header));
    // A link without a header, such as a tunnel: the old one goes.
    if (pass.length_ != 0 || l3 == 0 || meta.has(graph::packet_flag::local_origin) ||
        packet.length() - l3 > pass.longest_ || meta.rx_interface == pass.interface_ ||
        !wire::decrement_hop_limit(ip)) {
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
    auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    const bool forwarded = !meta.has(graph::packet_flag::local_origin);
    if (forwarded && ip->hop_limit <= 1) {
        return tell(packet, pass, Drop::hop_limit, wire::Icmp6Type::time_exceeded,
                    uint8_t(wire::Icmp6TimeExceeded::transit), 0);
    }
    const fib::Adjacency& adjacency = *pass.adjacency_;
    if (packet.length() - meta.l3_offset > adjacency.mtu) {
        if (!forwarded) {
            // A router cuts its own packets and nobody else's (RFC 8200 4.5).
            return Next::fragment;
        }
        return tell(packet, pass, Drop::too_big, wire::Icmp6Type::packet_too_big, 0, adjacency.mtu);
    }
    if (forwarded) {
        if (meta.rx_interface == adjacency.interface &&
            sends_redirects_.load(std::memory_order_relaxed)) {
            redirect(packet, *ip, adjacency, pass.dispatch_);
        }
        (void)wire::decrement_hop_limit(*ip);
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

graph::To<Rewrite::Next, Rewrite::Drop> Rewrite::tell(graph::Packet& packet, Pass& pass,
                                                      Drop reason, wire::Icmp6Type type,
                                                      uint8_t code, uint32_t rest) const noexcept {
    if (packet.meta().has(graph::packet_flag::local_origin)) {
        // The router's own packets have nobody to be told.
        return reason;
    }
    pass.dispatch_.count_drop(graph::Edge(reason), packet);
    icmp6::ask(slot_, packet, type, code, rest);
    return Next::icmp_error;
}

void Rewrite::redirect(const graph::Packet& packet, const wire::Ip6Header& ip,
                       const fib::Adjacency& adjacency, graph::Dispatch& dispatch) const noexcept {
    // Only a sender that is itself on the link can use the hint: the way back to it must be direct.
    const wire::Ip6Address sender = scoped(ip.source, packet.meta().rx_interface);
    const RangeTable& table = tables_.of_interface(packet.meta().rx_interface);
    const fib::Adjacency& back = forwarding_.adjacency(forwarding_.at(table.lookup(sender)));
    const bool direct = back.interface == adjacency.interface &&
                        (back.next_hop.is_unspecified() || back.next_hop == ip.source);
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
    told->meta().adjacency = packet.meta().adjacency;
    dispatch.emit(*told, graph::Hop::edge(graph::Edge(Next::redirect)));
}

}  // namespace vnet::ip6

template void graph::drive<vnet::ip6::Rewrite>(const void*, graph::Dispatch&,
                                               graph::Frame&) noexcept;
