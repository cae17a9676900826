// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/nodes.hpp"

#include <fmt/format.h>

#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/tcp.hpp"

namespace mss_clamp {

namespace {

using vnet::wire::Ip4Header;

/// From the TCP header on; empty where the packet has none, or is a fragment behind the first.
template <class Bytes>
Bytes tcp_of_ip4(Bytes packet) noexcept {
    const auto* ip = vnet::wire::view<Ip4Header>(packet);
    if (ip == nullptr || ip->protocol() != vnet::wire::IpProtocol::tcp || !ip->has_l4_header() ||
        ip->header_length() < sizeof(Ip4Header) || ip->header_length() > packet.size()) {
        return {};
    }
    return packet.subspan(ip->header_length());
}

void clamp_ip4(const Limits& limits, Side side, Index interface, graph::Packet& packet,
               graph::Dispatch& dispatch) noexcept {
    const std::span<std::byte> segment = tcp_of_ip4(packet.from_offset(packet.meta().l3_offset));
    if (!segment.empty()) {
        limits.apply(side, interface, Headers::ip4, segment, dispatch.worker());
    }
}

/// The checksum tells a change of the segment.
graph::TraceFields changes(const graph::TraceStep& step) {
    const auto checksum = [](const graph::TraceRecord& at) -> std::optional<uint16_t> {
        const auto segment = tcp_of_ip4(at.from_offset(at.meta.l3_offset));
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

graph::Hop Ip4Rx::operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    clamp_ip4(limits_, Side::rx, packet.meta().rx_interface, packet, dispatch);
    return dispatch.next_feature(packet);
}

graph::TraceFields Ip4Rx::format(const graph::TraceStep& step) const {
    return changes(step);
}

graph::Hop Ip4Tx::operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    clamp_ip4(limits_, Side::tx, packet.meta().tx_interface, packet, dispatch);
    return dispatch.next_feature(packet);
}

graph::TraceFields Ip4Tx::format(const graph::TraceStep& step) const {
    return changes(step);
}

}  // namespace mss_clamp
