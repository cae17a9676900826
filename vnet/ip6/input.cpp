// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/input.hpp"

#include <array>

#include "vnet/ip6/scope.hpp"

namespace vnet::ip6 {

namespace {

constexpr uint32_t header_bytes = sizeof(wire::Ip6Header);

/// First bytes of addresses that are looked at with care: `::`, `::1` and IPv4-mapped ones begin
/// with 0, link-local ones with 0xfe, groups with 0xff.
constexpr auto odd_addresses = [] {
    std::array<bool, 256> odd{};
    odd[0x00] = odd[0xfe] = odd[0xff] = true;
    return odd;
}();

constexpr auto extensions = [] {
    std::array<bool, 256> is{};
    for (unsigned number = 0; number < 256; ++number) {
        is[number] = wire::is_ip6_extension(wire::IpProtocol(number));
    }
    return is;
}();

}  // namespace

void Input::Pass::turn_to(interface::Index index) noexcept {
    index_ = index;
    enabled_ =
        index < graph::max_interfaces &&
        (interfaces_.hot(index).flags.load(std::memory_order_relaxed) & interface::flag::ip6) != 0;
    wanted_ = enabled_ ? 0x60 : no_header;
}

graph::To<Input::Next, Input::Drop> Input::operator()(graph::Packet& packet,
                                                      Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    if (meta.rx_interface != pass.index_) [[unlikely]] {
        pass.turn_to(meta.rx_interface);
    }
    const uint16_t l3 = meta.l3_offset;
    if (!packet.holds(l3, header_bytes)) [[unlikely]] {
        return Drop::truncated;
    }
    const auto& ip = *wire::view<wire::Ip6Header>(packet.data() + l3, header_bytes);
    const std::byte* const at = wire::bytes_of(ip).data();
    const uint32_t available = packet.length() - l3;
    const uint32_t total = uint32_t(ip.total_length());
    // What nearly all packets are, in few instructions; the others are looked at again with care.
    if ((uint8_t(at[0]) & 0xf0) != pass.wanted_ ||
        (odd_addresses[uint8_t(at[8])] | odd_addresses[uint8_t(at[24])] |
         extensions[ip.next_header_number]) ||
        total > available || meta.has(graph::packet_flag::l2_group)) [[unlikely]] {
        return check(packet, pass);
    }
    if (available != total) {
        packet.trim(l3 + total);
    }
    meta.l4_offset = uint16_t(l3 + header_bytes);
    return pass.arc_.enter(packet, meta.rx_interface);
}

graph::To<Input::Next, Input::Drop> Input::check(graph::Packet& packet, Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    const uint16_t l3 = meta.l3_offset;
    const auto& ip = *wire::view<wire::Ip6Header>(packet.from_offset(l3));
    const uint32_t available = packet.length() - l3;
    switch (wire::check_structure(ip, available)) {
        case wire::Ip6Fault::none:
            break;
        case wire::Ip6Fault::truncated:
            return Drop::truncated;
        case wire::Ip6Fault::version:
            return Drop::version;
        case wire::Ip6Fault::payload_length:
            return Drop::payload_length;
    }
    if (const auto total = uint32_t(ip.total_length()); available != total) {
        packet.trim(l3 + total);
    }
    meta.l4_offset = uint16_t(l3 + header_bytes);
    if (!pass.enabled_) {
        return Drop::not_enabled;
    }
    // A host that has no address yet sends from `::`, to groups of the link (RFC 4861 4).
    const bool to_group = ip.destination.is_multicast();
    const bool has_no_address = ip.source.is_unspecified() && to_group;
    if ((!ip.source.valid_source() && !has_no_address) ||
        (ip.source.is_link_local() && !is_link_local_of_wire(ip.source))) {
        return Drop::source;
    }
    if (!ip.destination.valid_destination() ||
        (ip.destination.is_link_local() && !is_link_local_of_wire(ip.destination))) {
        return Drop::destination;
    }
    if (meta.has(graph::packet_flag::l2_group) && !to_group) {
        return Drop::link_group;
    }
    // Before its headers are looked at, whose faults would be told to the sender.
    if (to_group && !groups_.has(meta.rx_interface, ip.destination)) {
        return Drop::not_joined;
    }
    if (wire::is_ip6_extension(ip.next_header())) {
        const wire::Ip6Chain chain = wire::walk_ip6(packet.from_offset(l3), packet.length() - l3);
        if (chain.fault != wire::Ip6ChainFault::none) {
            return bad_chain(packet, chain, pass);
        }
        meta.l4_offset = uint16_t(l3 + chain.upper_offset);
        if (chain.hop_by_hop_offset != 0) {
            bool passed = false;
            const auto to = check_options(packet, pass, passed);
            if (!passed) {
                return to;
            }
        }
    }
    if (to_group) {
        return Next::local;
    }
    if (ip.source.is_link_local() || ip.destination.is_link_local()) {
        return of_link(packet, ip, pass);
    }
    return pass.arc_.enter(packet, meta.rx_interface);
}

bool Input::is_local(wire::Ip6Address address, interface::Index interface) const noexcept {
    const fib::PathIndex path = tables_.of_interface(interface).lookup(scoped(address, interface));
    return forwarding_.adjacency(forwarding_.at(path)).action == fib::Action::local;
}

graph::To<Input::Next, Input::Drop> Input::of_link(graph::Packet& packet, const wire::Ip6Header& ip,
                                                   Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    if (is_local(ip.destination, meta.rx_interface)) {
        return pass.arc_.enter(packet, meta.rx_interface);
    }
    pass.dispatch_.count_drop(graph::Edge(Drop::beyond_scope), packet);
    icmp6::ask(slot_, packet, wire::Icmp6Type::unreachable,
               uint8_t(wire::Icmp6Unreachable::beyond_scope));
    return Next::icmp_error;
}

graph::To<Input::Next, Input::Drop> Input::tell(graph::Packet& packet, Pass& pass, Drop reason,
                                                wire::Icmp6ParameterProblem code,
                                                uint32_t pointer) const noexcept {
    pass.dispatch_.count_drop(graph::Edge(reason), packet);
    icmp6::ask(slot_, packet, wire::Icmp6Type::parameter_problem, uint8_t(code), pointer);
    return Next::icmp_error;
}

graph::To<Input::Next, Input::Drop> Input::bad_chain(graph::Packet& packet,
                                                     const wire::Ip6Chain& chain,
                                                     Pass& pass) const noexcept {
    switch (chain.fault) {
        case wire::Ip6ChainFault::too_many_headers:
            return tell(packet, pass, Drop::extension_limit,
                        wire::Icmp6ParameterProblem::too_many_extensions, chain.error_offset);
        case wire::Ip6ChainFault::too_long:
            return tell(packet, pass, Drop::extension_limit,
                        wire::Icmp6ParameterProblem::chain_too_long, chain.error_offset);
        case wire::Ip6ChainFault::hop_by_hop_order:
            return tell(packet, pass, Drop::bad_extensions,
                        wire::Icmp6ParameterProblem::unknown_next_header, chain.error_offset);
        case wire::Ip6ChainFault::fragment_length:
        case wire::Ip6ChainFault::fragment_overrun:
            return tell(packet, pass, Drop::bad_extensions,
                        wire::Icmp6ParameterProblem::erroneous_header, chain.error_offset);
        case wire::Ip6ChainFault::none:
        case wire::Ip6ChainFault::truncated:
        case wire::Ip6ChainFault::incomplete_first_fragment:
        case wire::Ip6ChainFault::second_fragment_header:
            break;
    }
    return Drop::bad_extensions;
}

/// Looks at the hop-by-hop options, which come first. Where all is well `passed` is set, and the
/// result means nothing.
graph::To<Input::Next, Input::Drop> Input::check_options(graph::Packet& packet, Pass& pass,
                                                         bool& passed) const noexcept {
    const std::span<const std::byte> bytes = packet.from_offset(packet.meta().l3_offset);
    const bool to_group = wire::view<wire::Ip6Header>(bytes)->destination.is_multicast();
    wire::Ip6OptionsCursor options(bytes, header_bytes);
    while (const auto option = options.next()) {
        // What a known option is about is for the node that takes it; a router passes it on.
        const bool known = option->type == wire::Ip6OptionType::router_alert;
        if (known || option->action() == wire::Ip6OptionAction::skip) {
            continue;
        }
        if (option->action() == wire::Ip6OptionAction::discard ||
            (option->action() == wire::Ip6OptionAction::answer_if_unicast && to_group)) {
            return Drop::unknown_option;
        }
        return tell(packet, pass, Drop::unknown_option, wire::Icmp6ParameterProblem::unknown_option,
                    option->offset);
    }
    if (options.malformed()) {
        return tell(packet, pass, Drop::bad_options, wire::Icmp6ParameterProblem::erroneous_header,
                    options.error_offset());
    }
    passed = true;
    return Next::local;
}

}  // namespace vnet::ip6

template void graph::drive<vnet::ip6::Input>(const void*, graph::Dispatch&, graph::Frame&) noexcept;
