// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/nodes.hpp"

#include <fmt/format.h>

#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/tcp.hpp"

namespace mss_clamp {

using vnet::wire::Ip6Header;
using vnet::wire::IpProtocol;

std::optional<size_t> Ip6::tcp_offset(std::span<const std::byte> packet) noexcept {
    const auto* ip = vnet::wire::view<Ip6Header>(packet);
    if (ip == nullptr) {
        return std::nullopt;
    }
    if (!vnet::wire::is_ip6_extension(ip->next_header())) {
        return ip->next_header() == IpProtocol::tcp ? std::optional(sizeof(Ip6Header))
                                                    : std::nullopt;
    }
    // More of it may be in further buffers.
    const size_t length = sizeof(Ip6Header) + ip->payload_length.value();
    const auto chain = vnet::wire::walk_ip6(packet, length);
    const bool found = chain.fault == vnet::wire::Ip6ChainFault::none && chain.has_l4_header &&
                       chain.upper == IpProtocol::tcp && chain.upper_offset <= packet.size();
    return found ? std::optional<size_t>(chain.upper_offset) : std::nullopt;
}

namespace {

/// From the TCP header on; empty where there is none.
template <class Family, class Bytes>
Bytes tcp_of(Bytes packet) noexcept {
    const auto offset = Family::tcp_offset(packet);
    return offset ? packet.subspan(*offset) : Bytes();
}

template <class Family>
void clamp_packet(const Limits& limits, Side side, Index interface, graph::Packet& packet,
                  graph::Dispatch& dispatch) noexcept {
    const std::span<std::byte> segment =
        tcp_of<Family>(packet.from_offset(packet.meta().l3_offset));
    // Nearly none is a SYN; what an interface allows is asked of those.
    const auto* tcp = vnet::wire::view<vnet::wire::TcpHeader>(segment);
    if (tcp != nullptr && tcp->has(vnet::wire::TcpFlags::syn)) [[unlikely]] {
        limits.apply(side, interface, Family::headers, segment, dispatch.worker());
    }
}

/// The checksum tells a change of the segment.
template <class Family>
graph::TraceFields changes(const graph::TraceStep& step) {
    const auto checksum = [](const graph::TraceRecord& at) -> std::optional<uint16_t> {
        const auto segment = tcp_of<Family>(at.from_offset(at.meta.l3_offset));
        const auto* tcp = vnet::wire::view<vnet::wire::TcpHeader>(segment);
        return tcp == nullptr ? std::nullopt : std::optional(tcp->checksum.value());
    };
    if (step.next == nullptr) {
        return {};
    }
    const auto before = checksum(step.at);
    return before && checksum(*step.next) != before ? graph::TraceFields{{"mss", "clamped"}}
                                                    : graph::TraceFields{};
}

}  // namespace

template <class Family>
graph::Hop Rx<Family>::operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    clamp_packet<Family>(limits_, Side::rx, packet.meta().rx_interface, packet, dispatch);
    return dispatch.next_feature(packet);
}

template <class Family>
graph::TraceFields Rx<Family>::format(const graph::TraceStep& step) const {
    return changes<Family>(step);
}

template <class Family>
graph::Hop Tx<Family>::operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    clamp_packet<Family>(limits_, Side::tx, packet.meta().tx_interface, packet, dispatch);
    return dispatch.next_feature(packet);
}

template <class Family>
graph::TraceFields Tx<Family>::format(const graph::TraceStep& step) const {
    return changes<Family>(step);
}

template class Rx<Ip4>;
template class Tx<Ip4>;
template class Rx<Ip6>;
template class Tx<Ip6>;

}  // namespace mss_clamp
