// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/input.hpp"

#include <array>
#include <cstring>

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

constexpr uint32_t header_bytes = sizeof(wire::Ip4Header);

/// First bytes of addresses that no unicast packet is from or to (RFC 1812 5.3.7).
constexpr auto odd_nets = [] {
    std::array<bool, 256> odd{};
    for (unsigned first = 0; first < 256; ++first) {
        odd[first] = !wire::Ip4Address(uint8_t(first), 0, 0, 1).valid_source();
    }
    return odd;
}();

/// What nearly all headers are, in few instructions: no options, not a later fragment, from and to
/// addresses that unicast packets may have, and intact. The others are looked at again with care.
/// Words are as they lie in memory, on a little-endian host; `wanted` is the first byte.
[[gnu::always_inline]] inline bool is_ordinary(const wire::Ip4Header& header,
                                               uint64_t wanted) noexcept {
    // Version and header length in the first byte, the fragment's offset in the last two.
    constexpr uint64_t shape_mask = 0xff1f'0000'0000'00ff;
    const std::byte* at = wire::bytes_of(header).data();
    uint64_t first;
    std::memcpy(&first, at, sizeof(first));
    return (first & shape_mask) == wanted &&
           (unsigned(odd_nets[uint8_t(at[12])]) | odd_nets[uint8_t(at[16])]) == 0 &&
           wire::ip4_header_checksum_ok(header);
}

}  // namespace

void Input::Pass::turn_to(interface::Index index) noexcept {
    index_ = index;
    enabled_ = index < graph::max_interfaces &&
               interfaces_.hot(index).ip4_address.load(std::memory_order_relaxed) != 0;
    wanted_ = enabled_ ? wire::Ip4Header::plain_version_ihl : no_header;
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
    const auto& ip = *wire::view<wire::Ip4Header>(packet.data() + l3, header_bytes);
    const uint32_t available = packet.length() - l3;
    const uint32_t total = ip.total_length.value();
    if (!is_ordinary(ip, pass.wanted_) || total < header_bytes || total > available ||
        meta.has(graph::packet_flag::l2_group)) [[unlikely]] {
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
    const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(l3));
    const uint32_t available = packet.length() - l3;
    if (const auto fault = wire::check_structure(*ip, available); fault != wire::Ip4Fault::none) {
        return reason(fault);
    }
    const uint32_t total = ip->total_length.value();
    if (available != total) {
        packet.trim(l3 + total);
    }
    meta.l4_offset = uint16_t(l3 + ip->header_length());
    if (!pass.enabled_) {
        return Drop::not_enabled;
    }
    if (!ip->is_plain()) {
        return with_options(packet, pass);
    }
    if (!wire::ip4_header_checksum_ok(*ip)) {
        return Drop::checksum;
    }
    if (!ip->source.valid_source()) {
        return Drop::source;
    }
    if (meta.has(graph::packet_flag::l2_group) || !ip->destination.valid_source()) {
        return not_unicast(*ip);
    }
    return pass.arc_.enter(packet, meta.rx_interface);
}

graph::To<Input::Next, Input::Drop> Input::not_unicast(const wire::Ip4Header& ip) const noexcept {
    // What came in a link-layer broadcast is never forwarded (RFC 1812 5.3.4). Whether it is to a
    // connected network's broadcast address is for ip4-local to see.
    return ip.destination.valid_destination() ? graph::To<Next, Drop>(Next::local)
                                              : Drop::destination;
}

graph::To<Input::Next, Input::Drop> Input::with_options(graph::Packet& packet,
                                                        Pass& pass) const noexcept {
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
        pass.dispatch_.count_drop(graph::Edge(Drop::bad_options), packet);
        icmp4::ask(slot_, packet, wire::Icmp4Type::parameter_problem, 0,
                   uint32_t(options.error_pointer()) << 24);
        return Next::icmp_error;
    }
    if (meta.has(graph::packet_flag::l2_group) || !ip->destination.valid_source()) {
        return not_unicast(*ip);
    }
    return pass.arc_.enter(packet, meta.rx_interface);
}

}  // namespace vnet::ip4

template void graph::drive<vnet::ip4::Input>(const void*, graph::Dispatch&, graph::Frame&) noexcept;
