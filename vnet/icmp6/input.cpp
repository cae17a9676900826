// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp6/input.hpp"

#include <cstring>

#include "vnet/icmp6/source.hpp"
#include "vnet/ip6/scope.hpp"
#include "vnet/packet_sum.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::icmp6 {

namespace {
/// Over the message, which may lie in several segments, and its pseudo header.
bool checksum_ok(const graph::Packet& packet, const wire::Ip6Header& ip, uint16_t offset) noexcept {
    const wire::InternetSum pseudo_header = wire::ip6_pseudo_header(
        ip.source, ip.destination, wire::IpProtocol::icmp6, packet.length() - offset);
    return add_packet(pseudo_header, packet, offset).is_valid();
}
}  // namespace

graph::To<Input::Next, Input::Drop> Input::operator()(graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    auto* icmp = wire::view<wire::Icmp6Header>(packet.from_offset(meta.l4_offset));
    if (ip == nullptr || icmp == nullptr) {
        return Drop::truncated;
    }
    if (!checksum_ok(packet, *ip, meta.l4_offset)) {
        return Drop::bad_checksum;
    }
    if (wire::is_neighbor_discovery(icmp->type())) {
        return Next::neighbor_discovery;
    }
    if (icmp->type() == wire::Icmp6Type::listener_query && ip->source.is_link_local()) {
        return Next::listener_query;
    }
    if (icmp->type() != wire::Icmp6Type::echo_request || icmp->code != 0) {
        const graph::NodeId rest = wire::is_error(icmp->type()) && local_.errors() != graph::no_node
                                       ? local_.errors()
                                       : local_.rest();
        if (rest == graph::no_node || !ip6::is_beyond_link(ip->source, ip->destination)) {
            return Drop::unknown_type;
        }
        return graph::Hop::node(rest);
    }
    if (!ip->source.valid_source()) {
        return Drop::unknown_type;
    }
    const wire::Ip6Address asked = ip->destination;
    const wire::Ip6Address own =
        asked.is_multicast() ? source_for(interfaces_, meta.rx_interface, ip->source) : asked;
    if (own.is_unspecified()) {
        return Drop::no_address;
    }
    if (const uint16_t extensions =
            uint16_t(meta.l4_offset - meta.l3_offset - sizeof(wire::Ip6Header));
        extensions != 0) {
        // The answer has none: the header moves up to the message.
        std::byte* const at = packet.data() + meta.l3_offset;
        std::memmove(at + extensions, at, sizeof(wire::Ip6Header));
        meta.l3_offset = uint16_t(meta.l3_offset + extensions);
        ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
        ip->payload_length = wire::Be16(uint16_t(ip->payload_length.value() - extensions));
        ip->next_header_number = uint8_t(wire::IpProtocol::icmp6);
    }
    const wire::Be16 before(uint16_t(icmp->type_number << 8 | icmp->code));
    icmp->type_number = uint8_t(wire::Icmp6Type::echo_reply);
    const wire::Be16 after(uint16_t(icmp->type_number << 8 | icmp->code));
    icmp->checksum = wire::update_checksum(icmp->checksum, before, after);
    icmp->checksum = wire::update_checksum(icmp->checksum, asked, own);
    ip->destination = ip->source;
    ip->source = own;
    ip->hop_limit = initial_hop_limit;
    meta.flags =
        uint16_t((meta.flags & ~graph::packet_flag::l2_group) | graph::packet_flag::local_origin);
    meta.flow_hash = 0;
    return Next::lookup;
}

}  // namespace vnet::icmp6
