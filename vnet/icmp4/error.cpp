// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp4/error.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::icmp4 {

namespace {
/// RFC 1812 4.3.2.3: as much of the packet as possible without the error being longer than 576
/// bytes.
constexpr uint32_t longest_error = 576;
constexpr uint32_t added = sizeof(wire::Ip4Header) + sizeof(wire::Icmp4Header);
constexpr uint8_t initial_ttl = 64;
/// RFC 1812 4.3.2.5: precedence 6, internetwork control.
constexpr uint8_t error_dscp = 48;

/// ICMP messages that ask or tell something and are no errors (RFC 792, RFC 950, RFC 1256).
bool is_query(wire::Icmp4Type type) noexcept {
    constexpr uint8_t information_request = 15;
    constexpr uint8_t address_mask_reply = 18;
    switch (type) {
        case wire::Icmp4Type::echo_reply:
        case wire::Icmp4Type::echo_request:
        case wire::Icmp4Type::router_advertisement:
        case wire::Icmp4Type::router_solicitation:
        case wire::Icmp4Type::timestamp_request:
        case wire::Icmp4Type::timestamp_reply:
            return true;
        case wire::Icmp4Type::unreachable:
        case wire::Icmp4Type::source_quench:
        case wire::Icmp4Type::redirect:
        case wire::Icmp4Type::time_exceeded:
        case wire::Icmp4Type::parameter_problem:
            return false;
    }
    return uint8_t(type) >= information_request && uint8_t(type) <= address_mask_reply;
}

/// True for an ICMP message that must not be answered by an error: an error, or of a type unknown
/// to us.
bool is_icmp_error(const graph::Packet& packet, const wire::Ip4Header& ip) noexcept {
    if (ip.protocol() != wire::IpProtocol::icmp) {
        return false;
    }
    const auto offset = uint16_t(packet.meta().l3_offset + ip.header_length());
    const auto* icmp = wire::view<wire::Icmp4Header>(packet.from_offset(offset));
    return icmp == nullptr || !is_query(icmp->type());
}
}  // namespace

graph::To<Error::Next, Error::Drop> Error::operator()(graph::Packet& packet,
                                                      graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto* about = wire::view<wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    if (about == nullptr || !about->source.valid_source() || about->source.is_multicast()) {
        return Drop::about_source;
    }
    if (meta.has(graph::packet_flag::l2_group) || about->destination.is_multicast() ||
        about->destination.is_limited_broadcast()) {
        return Drop::about_group;
    }
    if (!about->has_l4_header()) {
        return Drop::about_fragment;
    }
    if (is_icmp_error(packet, *about)) {
        return Drop::about_error;
    }
    const uint32_t own =
        meta.rx_interface < graph::max_interfaces
            ? interfaces_.hot(meta.rx_interface).ip4_address.load(std::memory_order_relaxed)
            : 0;
    if (own == 0) {
        return Drop::no_address;
    }
    if (!limit_.allowed(dispatch)) {
        return Drop::rate_limited;
    }

    const wire::Ip4Address sender = about->source;
    // Everything in front of the IP header goes; the quote is what is left of 576 bytes.
    packet.move_start(meta.l3_offset);
    packet.trim(std::min<uint32_t>(longest_error - added, packet.segment_length()));
    if (!packet.move_start(-int(added))) {
        return Drop::no_headroom;
    }
    meta.flow_hash = 0;
    meta.l2_offset = 0;
    meta.l3_offset = 0;
    meta.l4_offset = sizeof(wire::Ip4Header);
    meta.flags =
        uint16_t((meta.flags & graph::packet_flag::traced) | graph::packet_flag::local_origin);

    auto* ip = wire::view<wire::Ip4Header>(packet.bytes());
    *ip = wire::Ip4Header{};
    ip->set_dscp(error_dscp);
    ip->total_length = wire::Be16(uint16_t(packet.length()));
    ip->ttl = initial_ttl;
    ip->protocol_number = uint8_t(wire::IpProtocol::icmp);
    ip->source = wire::Ip4Address(own);
    ip->destination = sender;
    ip->checksum = wire::ip4_header_checksum(*ip);

    const ErrorRequest request = slot_.of(packet);
    auto* icmp = wire::view<wire::Icmp4Header>(packet.from_offset(meta.l4_offset));
    *icmp = wire::Icmp4Header{};
    icmp->type_number = uint8_t(request.type);
    icmp->code = request.code;
    icmp->rest = wire::Be32(request.rest);
    icmp->checksum = wire::internet_checksum(packet.from_offset(meta.l4_offset));
    return Next::lookup;
}

graph::TraceFields Error::format(const graph::TraceStep& step) const {
    const ErrorRequest request = slot_.of(step.at.slots);
    std::string_view code;
    if (request.type == wire::Icmp4Type::unreachable) {
        code = wire::name(wire::Icmp4Unreachable(request.code));
    }
    graph::TraceFields fields{
        {"error", fmt::format("{} {}", wire::name(request.type),
                              code.empty() ? fmt::format("code {}", request.code) : code)}};
    if (const auto* about =
            wire::view<wire::Ip4Header>(step.at.from_offset(step.at.meta.l3_offset))) {
        fields.emplace_back("to", about->source.to_string());
    }
    if (step.next != nullptr && step.next->node != graph::drop_node) {
        if (const auto* ip = wire::view<wire::Ip4Header>(step.next->data())) {
            fields.emplace_back("from", ip->source.to_string());
        }
    }
    return fields;
}

}  // namespace vnet::icmp4
