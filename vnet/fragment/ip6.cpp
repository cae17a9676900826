// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "vnet/fragment/family.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::fragment {

namespace {

wire::Ip6Chain walk(const graph::Packet& packet) noexcept {
    const uint16_t l3 = packet.meta().l3_offset;
    return wire::walk_ip6(packet.from_offset(l3), packet.length() - l3);
}

/// The octet that says what follows the headers in front of the fragment header. Both offsets are
/// from the IPv6 header, and all headers between were walked.
size_t octet_naming(std::span<const std::byte> bytes, size_t fragment_offset) noexcept {
    size_t named_by = offsetof(wire::Ip6Header, next_header_number);
    auto kind = wire::view<wire::Ip6Header>(bytes)->next_header();
    for (size_t at = sizeof(wire::Ip6Header); at < fragment_offset;) {
        const auto* header = wire::view<wire::Ip6ExtensionHeader>(bytes.subspan(at));
        named_by = at;
        at += kind == wire::IpProtocol::ah ? header->authentication_length() : header->length();
        kind = header->next_header();
    }
    return named_by;
}

/// Takes the fragment header out: what is in front of it moves up by its length.
void remove_header(graph::Packet& packet, size_t fragment_offset) noexcept {
    graph::Metadata& meta = packet.meta();
    const auto bytes = packet.from_offset(meta.l3_offset);
    const auto* fragment = wire::view<wire::Ip6FragmentHeader>(bytes.subspan(fragment_offset));
    bytes[octet_naming(bytes, fragment_offset)] = std::byte(fragment->next_header_number);
    constexpr int length = sizeof(wire::Ip6FragmentHeader);
    std::memmove(packet.data() + length, packet.data(), meta.l3_offset + fragment_offset);
    // Offsets in the metadata point at bytes, and those have moved.
    packet.move_start(length);
    meta.l2_offset = uint16_t(meta.l2_offset + length);
    meta.l3_offset = uint16_t(meta.l3_offset + length);
    auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    ip->payload_length =
        wire::Be16(uint16_t(packet.length() - meta.l3_offset - sizeof(wire::Ip6Header)));
    meta.flow_hash = 0;
}

}  // namespace

Kind Ip6::parse(const graph::Packet& packet, Fragment& out) noexcept {
    const uint16_t l3 = packet.meta().l3_offset;
    const auto bytes = packet.from_offset(l3);
    const wire::Ip6Chain chain = walk(packet);
    switch (chain.fault) {
        case wire::Ip6ChainFault::none:
            break;
        case wire::Ip6ChainFault::fragment_length:
            return Kind::bad_length;
        case wire::Ip6ChainFault::fragment_overrun:
            return Kind::overrun;
        default:
            return Kind::truncated;
    }
    if (!chain.has_fragment_header()) {
        return Kind::whole;
    }
    const auto* ip = wire::view<wire::Ip6Header>(bytes);
    const auto* header = wire::view<wire::Ip6FragmentHeader>(bytes.subspan(chain.fragment_offset));
    if (header->is_atomic()) {
        return Kind::whole;
    }
    const uint32_t payload_offset =
        uint32_t(chain.fragment_offset) + sizeof(wire::Ip6FragmentHeader);
    const uint32_t payload = packet.length() - l3 - payload_offset;
    if (payload == 0) {
        return Kind::bad_length;
    }
    out.key.source = ip->source;
    out.key.destination = ip->destination;
    out.key.identification = header->identification.value();
    out.key.scope = ip->source.is_link_local() || ip->destination.is_link_local()
                        ? packet.meta().rx_interface
                        : 0;
    out.key.protocol = 0;
    out.begin = uint16_t(header->offset());
    out.end = uint16_t(header->offset() + payload);
    out.more = header->more_fragments();
    out.payload_offset = uint16_t(l3 + payload_offset);
    out.ecn = ip->ecn();
    return Kind::fragment;
}

void Ip6::finish(graph::Packet& packet, const Store::Assembled& whole) noexcept {
    graph::Metadata& meta = packet.meta();
    remove_header(packet, whole.payload_offset - meta.l3_offset - sizeof(wire::Ip6FragmentHeader));
    auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(meta.l3_offset));
    if (whole.congested) {
        ip->set_ecn(wire::Ecn::congested);
    }
    meta.l4_offset = uint16_t(meta.l3_offset + walk(packet).upper_offset);
}

void Ip6::finish_atomic(graph::Packet& packet) noexcept {
    if (const wire::Ip6Chain chain = walk(packet); chain.has_fragment_header()) {
        remove_header(packet, chain.fragment_offset);
        graph::Metadata& meta = packet.meta();
        meta.l4_offset = uint16_t(meta.l3_offset + walk(packet).upper_offset);
    }
}

bool Ip6::may_be_fragment(const graph::Packet& packet) noexcept {
    const auto* ip = wire::view<wire::Ip6Header>(packet.from_offset(packet.meta().l3_offset));
    return ip == nullptr || wire::is_ip6_extension(ip->next_header());
}

Upper Ip6::upper(const graph::Packet& packet) noexcept {
    const wire::Ip6Chain chain = walk(packet);
    if (chain.fault != wire::Ip6ChainFault::none || !chain.has_l4_header) {
        Ports unknown;
        unknown.protocol = uint8_t(chain.upper);
        return {unknown, 0};
    }
    const auto l4 = uint16_t(packet.meta().l3_offset + chain.upper_offset);
    return {read_ports(chain.upper, packet.from_offset(l4)), packet.length() - l4};
}

}  // namespace vnet::fragment
