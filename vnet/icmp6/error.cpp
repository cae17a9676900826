// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp6/error.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vnet/icmp6/source.hpp"
#include "vnet/ip6/scope.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"

namespace vnet::icmp6 {

namespace {
/// RFC 4443 2.4 (c): as much of the packet as possible without the error being longer than the
/// shortest MTU of a link.
constexpr uint32_t longest_error = wire::Ip6Header::shortest_mtu;
constexpr uint32_t added = sizeof(wire::Ip6Header) + sizeof(wire::Icmp6Header);

/// Errors that are told even about a packet to a group, since path MTU discovery and options for
/// groups need them (RFC 4443 2.4 e.3).
bool is_told_about_groups(const ErrorRequest& request) noexcept {
    return request.type == wire::Icmp6Type::packet_too_big ||
           (request.type == wire::Icmp6Type::parameter_problem &&
            request.code == uint8_t(wire::Icmp6ParameterProblem::unknown_option));
}
}  // namespace

wire::Ip6Address Error::source(const wire::Ip6Header& about,
                               interface::Index interface) const noexcept {
    const wire::Ip6Address asked = ip6::scoped(about.destination, interface);
    const fib::PathIndex path = tables_.of_interface(interface).lookup(asked);
    const bool is_own = forwarding_.adjacency(forwarding_.at(path)).action == fib::Action::local;
    return is_own ? about.destination : source_for(interfaces_, interface, about.source);
}

graph::To<Error::Next, Error::Drop> Error::operator()(graph::Packet& packet,
                                                      graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const std::span<const std::byte> bytes = packet.from_offset(meta.l3_offset);
    const auto* about = wire::view<wire::Ip6Header>(bytes);
    if (about == nullptr || !about->source.valid_source()) {
        return Drop::about_source;
    }
    const ErrorRequest request = slot_.of(packet);
    if ((meta.has(graph::packet_flag::l2_group) || about->destination.is_multicast()) &&
        !is_told_about_groups(request)) {
        return Drop::about_group;
    }
    const wire::Ip6Chain chain = wire::walk_ip6(bytes, packet.length() - packet.meta().l3_offset);
    if (chain.has_fragment_header() && !chain.has_l4_header &&
        chain.fault == wire::Ip6ChainFault::none) {
        return Drop::about_fragment;
    }
    if (chain.has_l4_header && chain.upper == wire::IpProtocol::icmp6) {
        const auto* icmp = wire::view<wire::Icmp6Header>(
            bytes.subspan(std::min<size_t>(chain.upper_offset, bytes.size())));
        if (icmp == nullptr || wire::is_error(icmp->type()) ||
            icmp->type() == wire::Icmp6Type::redirect) {
            return Drop::about_error;
        }
    }
    const wire::Ip6Address sender = about->source;
    const wire::Ip6Address own = source(*about, meta.rx_interface);
    if (own.is_unspecified()) {
        return Drop::no_address;
    }
    if (!limit_.allowed(dispatch)) {
        return Drop::rate_limited;
    }

    // Everything in front of the IPv6 header goes; the quote is what is left of 1280 bytes.
    packet.move_start(meta.l3_offset);
    packet.trim(std::min<uint32_t>(longest_error - added, packet.segment_length()));
    if (!packet.move_start(-int(added))) {
        return Drop::no_headroom;
    }
    meta.flow_hash = 0;
    meta.l2_offset = 0;
    meta.l3_offset = 0;
    meta.l4_offset = sizeof(wire::Ip6Header);
    meta.flags =
        uint16_t((meta.flags & graph::packet_flag::traced) | graph::packet_flag::local_origin);

    auto* ip = wire::view<wire::Ip6Header>(packet.bytes());
    *ip = wire::Ip6Header{};
    ip->payload_length = wire::Be16(uint16_t(packet.length() - sizeof(wire::Ip6Header)));
    ip->next_header_number = uint8_t(wire::IpProtocol::icmp6);
    ip->hop_limit = initial_hop_limit;
    ip->source = own;
    ip->destination = sender;

    auto* icmp = wire::view<wire::Icmp6Header>(packet.from_offset(meta.l4_offset));
    *icmp = wire::Icmp6Header{};
    icmp->type_number = uint8_t(request.type);
    icmp->code = request.code;
    icmp->rest = wire::Be32(request.rest);
    icmp->checksum =
        wire::l4_checksum(own, sender, wire::IpProtocol::icmp6, packet.from_offset(meta.l4_offset));
    return Next::lookup;
}

graph::TraceFields Error::format(const graph::TraceStep& step) const {
    const ErrorRequest request = slot_.of(step.at.slots);
    std::string_view code;
    if (request.type == wire::Icmp6Type::unreachable) {
        code = wire::name(wire::Icmp6Unreachable(request.code));
    } else if (request.type == wire::Icmp6Type::parameter_problem) {
        code = wire::name(wire::Icmp6ParameterProblem(request.code));
    }
    graph::TraceFields fields{
        {"error", fmt::format("{} {}", wire::name(request.type),
                              code.empty() ? fmt::format("code {}", request.code) : code)}};
    if (const auto* about =
            wire::view<wire::Ip6Header>(step.at.from_offset(step.at.meta.l3_offset))) {
        fields.emplace_back("to", about->source.to_string());
    }
    if (step.next != nullptr && step.next->node != graph::drop_node) {
        if (const auto* ip = wire::view<wire::Ip6Header>(step.next->data())) {
            fields.emplace_back("from", ip->source.to_string());
        }
    }
    return fields;
}

}  // namespace vnet::icmp6
