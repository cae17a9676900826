// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/local.hpp"

#include <algorithm>
#include <cstddef>

#include "vnet/ip6/scope.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::ip6 {

namespace {
/// Where the upper layer begins, and what it is. ip6-input has walked there before, so nothing is
/// wrong with the way.
wire::Ip6Chain chain_of(const graph::Packet& packet, const wire::Ip6Header& ip) noexcept {
    if (wire::is_ip6_extension(ip.next_header())) {
        return wire::walk_ip6(packet.from_offset(packet.meta().l3_offset),
                              packet.length() - packet.meta().l3_offset);
    }
    wire::Ip6Chain plain;
    plain.upper = ip.next_header();
    plain.upper_offset = sizeof(wire::Ip6Header);
    plain.next_header_offset = offsetof(wire::Ip6Header, next_header_number);
    plain.has_l4_header = true;
    return plain;
}
}  // namespace

bool Local::is_local(wire::Ip6Address address, interface::Index interface) const noexcept {
    const fib::PathIndex path = tables_.of_interface(interface).lookup(scoped(address, interface));
    return forwarding_.adjacency(forwarding_.at(path)).action == fib::Action::local;
}

graph::To<Local::Next, Local::Drop> Local::operator()(graph::Packet& packet,
                                                      graph::Dispatch& dispatch) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    if (ip == nullptr) {
        return Drop::truncated;
    }
    if (!meta.has(graph::packet_flag::local_origin) && !ip->source.is_unspecified() &&
        is_local(ip->source, meta.rx_interface)) {
        return Drop::spoofed_source;
    }
    if (wire::is_ip6_extension(ip->next_header())) {
        return with_extensions(packet, *ip, dispatch);
    }
    return dispatch.start_arc(arc_, packet);
}

graph::To<Local::Next, Local::Drop> Local::with_extensions(
    graph::Packet& packet, const wire::Ip6Header& ip, graph::Dispatch& dispatch) const noexcept {
    const std::span<const std::byte> bytes = packet.from_offset(packet.meta().l3_offset);
    const wire::Ip6Chain chain = wire::walk_ip6(bytes, packet.length() - packet.meta().l3_offset);
    if (chain.fault != wire::Ip6ChainFault::none) {
        // ip6-input has seen the headers of what came whole.
        return Drop::bad_headers;
    }
    if (chain.has_fragment_header()) {
        if (const auto* icmp = wire::view<wire::Icmp6Header>(
                bytes.subspan(std::min<size_t>(chain.upper_offset, bytes.size())));
            chain.has_l4_header && chain.upper == wire::IpProtocol::icmp6 && icmp != nullptr &&
            wire::is_neighbor_discovery(icmp->type())) {
            return Drop::fragmented_discovery;
        }
        const auto* fragment = wire::view<wire::Ip6FragmentHeader>(
            bytes.subspan(std::min<size_t>(chain.fragment_offset, bytes.size())));
        if (fragment == nullptr || !fragment->is_atomic()) {
            return Next::reassemble;
        }
    }
    if (chain.routing_offset != 0) {
        const auto* routing = wire::view<wire::Ip6RoutingHeader>(
            bytes.subspan(std::min<size_t>(chain.routing_offset, bytes.size())));
        if (routing == nullptr || routing->segments_left != 0) {
            return tell(
                packet, dispatch, Drop::routing_header,
                wire::Icmp6ParameterProblem::erroneous_header,
                chain.routing_offset + uint32_t(offsetof(wire::Ip6RoutingHeader, routing_type)));
        }
    }
    // Destination options may come twice; each is found by going along the headers again.
    uint8_t kind = ip.next_header_number;
    for (size_t at = sizeof(wire::Ip6Header); at < chain.upper_offset;) {
        const auto* header = wire::view<wire::Ip6ExtensionHeader>(bytes.subspan(at));
        if (header == nullptr) {
            return Drop::truncated;
        }
        const auto protocol = wire::IpProtocol(kind);
        if (protocol == wire::IpProtocol::destination_options) {
            wire::Ip6OptionsCursor options(bytes, at);
            while (const auto option = options.next()) {
                switch (option->action()) {
                    case wire::Ip6OptionAction::skip:
                        continue;
                    case wire::Ip6OptionAction::discard:
                        return Drop::unknown_option;
                    case wire::Ip6OptionAction::answer_if_unicast:
                        if (ip.destination.is_multicast()) {
                            return Drop::unknown_option;
                        }
                        break;
                    case wire::Ip6OptionAction::answer:
                        break;
                }
                return tell(packet, dispatch, Drop::unknown_option,
                            wire::Icmp6ParameterProblem::unknown_option, option->offset);
            }
            if (options.malformed()) {
                return tell(packet, dispatch, Drop::bad_options,
                            wire::Icmp6ParameterProblem::erroneous_header, options.error_offset());
            }
        }
        kind = header->next_header_number;
        at += protocol == wire::IpProtocol::fragment ? sizeof(wire::Ip6FragmentHeader)
              : protocol == wire::IpProtocol::ah     ? header->authentication_length()
                                                     : header->length();
    }
    return dispatch.start_arc(arc_, packet);
}

graph::To<Local::Next, Local::Drop> Local::tell(graph::Packet& packet, graph::Dispatch& dispatch,
                                                Drop reason, wire::Icmp6ParameterProblem code,
                                                uint32_t pointer) const noexcept {
    dispatch.count_drop(graph::Edge(reason), packet);
    icmp6::ask(slot_, packet, wire::Icmp6Type::parameter_problem, uint8_t(code), pointer);
    return Next::icmp_error;
}

graph::To<Deliver::Next, Deliver::Drop> Deliver::nobody(graph::Packet& packet,
                                                        const wire::Ip6Header& ip, Drop reason,
                                                        wire::Icmp6Type type, uint8_t code,
                                                        uint32_t rest,
                                                        graph::Dispatch& dispatch) const noexcept {
    if (packet.meta().has(graph::packet_flag::l2_group) || ip.destination.is_multicast()) {
        return Drop::no_listener;
    }
    if (const graph::NodeId node = local_.rest();
        node != graph::no_node && is_beyond_link(ip.source, ip.destination)) {
        return graph::Hop::node(node);
    }
    dispatch.count_drop(graph::Edge(reason), packet);
    icmp6::ask(slot_, packet, type, code, rest);
    return Next::icmp_error;
}

graph::To<Deliver::Next, Deliver::Drop> Deliver::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    if (ip == nullptr) {
        return Drop::truncated;
    }
    const wire::Ip6Chain chain = chain_of(packet, *ip);
    meta.l4_offset = uint16_t(meta.l3_offset + chain.upper_offset);
    if (const graph::NodeId node = local_.protocol(chain.upper); node != graph::no_node) {
        return graph::Hop::node(node);
    }
    constexpr auto no_port = uint8_t(wire::Icmp6Unreachable::port);
    if (chain.upper == wire::IpProtocol::udp) {
        const auto* udp = wire::view<wire::UdpHeader>(packet.from_offset(meta.l4_offset));
        if (udp == nullptr || udp->length.value() < sizeof(wire::UdpHeader) ||
            udp->length.value() > packet.length() - meta.l4_offset) {
            return Drop::truncated;
        }
        if (const graph::NodeId node = local_.udp_port(udp->destination_port.value());
            node != graph::no_node) {
            return graph::Hop::node(node);
        }
        return nobody(packet, *ip, Drop::no_port, wire::Icmp6Type::unreachable, no_port, 0,
                      dispatch);
    }
    if (chain.upper == wire::IpProtocol::tcp) {
        // A host would answer with a reset; a port unreachable ends a connection attempt just as
        // well.
        return nobody(packet, *ip, Drop::no_port, wire::Icmp6Type::unreachable, no_port, 0,
                      dispatch);
    }
    if (chain.upper == wire::IpProtocol::no_next_header) {
        return Drop::no_payload;
    }
    return nobody(packet, *ip, Drop::no_protocol, wire::Icmp6Type::parameter_problem,
                  uint8_t(wire::Icmp6ParameterProblem::unknown_next_header),
                  chain.next_header_offset, dispatch);
}

}  // namespace vnet::ip6
