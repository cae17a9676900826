// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/input.hpp"

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip4_options.hpp"

namespace vnet::ip4 {

namespace {
Input::Drop reason(wire::Ip4Fault fault) noexcept {
    switch (fault) {
        case wire::Ip4Fault::version:
            return Input::Drop::version;
        case wire::Ip4Fault::header_length:
            return Input::Drop::header_length;
        case wire::Ip4Fault::total_length:
            return Input::Drop::total_length;
        case wire::Ip4Fault::fragment_overrun:
            return Input::Drop::fragment_overrun;
        case wire::Ip4Fault::none:
        case wire::Ip4Fault::truncated:
            break;
    }
    return Input::Drop::truncated;
}
}  // namespace

graph::To<Input::Next, Input::Drop> Input::operator()(graph::Packet& packet,
                                                      graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const uint16_t l3 = meta.l3_offset;
    const std::span<std::byte> bytes = packet.from_offset(l3);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr) [[unlikely]] {
        return Drop::truncated;
    }
    const uint32_t available = packet.length() - l3;
    if (const auto fault = wire::check_structure(*ip, available); fault != wire::Ip4Fault::none)
        [[unlikely]] {
        return reason(fault);
    }
    const uint32_t total = ip->total_length.value();
    if (available != total) {
        packet.trim(l3 + total);
    }
    meta.l4_offset = uint16_t(l3 + ip->header_length());
    if (meta.rx_interface >= graph::max_interfaces ||
        interfaces_.hot(meta.rx_interface).ip4_address.load(std::memory_order_relaxed) == 0)
        [[unlikely]] {
        return Drop::not_enabled;
    }
    if (!ip->is_plain()) [[unlikely]] {
        return with_options(packet, dispatch);
    }
    if (!wire::ip4_header_checksum_ok(*ip)) [[unlikely]] {
        return Drop::checksum;
    }
    if (!ip->source.valid_source()) [[unlikely]] {
        return Drop::source;
    }
    if (meta.has(graph::packet_flag::l2_group) || !ip->destination.valid_source()) [[unlikely]] {
        return not_unicast(*ip);
    }
    return dispatch.start_arc(arc_, packet);
}

graph::To<Input::Next, Input::Drop> Input::not_unicast(const wire::Ip4Header& ip) const noexcept {
    // What came in a link-layer broadcast is never forwarded (RFC 1812 5.3.4). Whether it is to a
    // connected network's broadcast address is for ip4-local to see.
    return ip.destination.valid_destination() ? graph::To<Next, Drop>(Next::local)
                                              : Drop::destination;
}

graph::To<Input::Next, Input::Drop> Input::with_options(graph::Packet& packet,
                                                        graph::Dispatch& dispatch) const noexcept {
    const graph::Metadata& meta = packet.meta();
    const std::span<std::byte> bytes = packet.from_offset(meta.l3_offset);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (bytes.size() < ip->header_length()) {
        return Drop::header_length;
    }
    if (!wire::ip4_header_checksum_ok(bytes)) {
        return Drop::checksum;
    }
    if (!ip->source.valid_source()) {
        return Drop::source;
    }
    wire::Ip4OptionsCursor options(bytes);
    while (const auto option = options.next()) {
        if (option->is_source_route()) {
            return Drop::source_routed;
        }
    }
    if (options.malformed()) {
        dispatch.count_drop(graph::Edge(Drop::bad_options), packet);
        icmp4::ask(slot_, packet, wire::Icmp4Type::parameter_problem, 0,
                   uint32_t(options.error_pointer()) << 24);
        return Next::icmp_error;
    }
    if (meta.has(graph::packet_flag::l2_group) || !ip->destination.valid_source()) {
        return not_unicast(*ip);
    }
    return dispatch.start_arc(arc_, packet);
}

}  // namespace vnet::ip4
