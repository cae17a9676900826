// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/family.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::fragment {

Kind Ip4::parse(const graph::Packet& packet, Fragment& out) noexcept {
    const uint16_t l3 = packet.meta().l3_offset;
    const auto bytes = packet.from_offset(l3);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr || bytes.size() < ip->header_length() ||
        ip->header_length() < sizeof(wire::Ip4Header)) {
        return Kind::truncated;
    }
    if (!ip->is_fragment()) {
        return Kind::whole;
    }
    const auto header = uint32_t(ip->header_length());
    const uint32_t payload = packet.length() - l3 - header;
    const uint32_t begin = ip->fragment_offset();
    if (payload == 0 || (ip->more_fragments() && payload % 8 != 0)) {
        return Kind::bad_length;
    }
    if (header + begin + payload > longest) {
        return Kind::overrun;
    }
    out.key.source = wire::Ip6Address::mapped(ip->source);
    out.key.destination = wire::Ip6Address::mapped(ip->destination);
    out.key.identification = ip->identification.value();
    out.key.scope = 0;
    out.key.protocol = ip->protocol_number;
    out.begin = uint16_t(begin);
    out.end = uint16_t(begin + payload);
    out.more = ip->more_fragments();
    out.payload_offset = uint16_t(l3 + header);
    out.ecn = ip->ecn();
    return Kind::fragment;
}

void Ip4::finish(graph::Packet& packet, const Store::Assembled& whole) noexcept {
    graph::Metadata& meta = packet.meta();
    const auto bytes = packet.from_offset(meta.l3_offset);
    auto* ip = wire::view<wire::Ip4Header>(bytes);
    ip->total_length = wire::Be16(uint16_t(packet.length() - meta.l3_offset));
    // DF too: that its fragments were not to be cut says nothing of an answer made from it.
    ip->flags_offset = wire::Be16(0);
    if (whole.congested) {
        ip->set_ecn(wire::Ecn::congested);
    }
    ip->checksum = wire::Be16(0);
    ip->checksum = wire::internet_checksum(bytes.first(ip->header_length()));
    meta.l4_offset = whole.payload_offset;
    meta.flow_hash = 0;
}

bool Ip4::may_be_fragment(const graph::Packet& packet) noexcept {
    const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(packet.meta().l3_offset));
    return ip == nullptr || ip->is_fragment();
}

Upper Ip4::upper(const graph::Packet& packet) noexcept {
    const uint16_t l3 = packet.meta().l3_offset;
    const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(l3));
    if (ip == nullptr) {
        return {};
    }
    const auto l4 = uint16_t(l3 + ip->header_length());
    return {read_ports(ip->protocol(), packet.from_offset(l4)), packet.length() - l4};
}

}  // namespace vnet::fragment
