// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp4/input.hpp"

#include <utility>

#include "vnet/packet_sum.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::icmp4 {

graph::To<Input::Next, Input::Drop> Input::operator()(graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(meta.l3_offset));
    auto* icmp = wire::view<wire::Icmp4Header>(packet.from_offset(meta.l4_offset));
    if (ip == nullptr || icmp == nullptr) {
        return Drop::truncated;
    }
    if (!add_packet({}, packet, meta.l4_offset).is_valid()) {
        return Drop::bad_checksum;
    }
    if (icmp->type() != wire::Icmp4Type::echo_request || icmp->code != 0) {
        const graph::NodeId rest = wire::is_error(icmp->type()) && local_.errors() != graph::no_node
                                       ? local_.errors()
                                       : local_.rest();
        const bool alone = meta.has(graph::packet_flag::l2_group) ||
                           ip->destination.is_multicast() || ip->destination.is_limited_broadcast();
        if (rest == graph::no_node || alone || icmp->type() == wire::Icmp4Type::redirect) {
            return Drop::unknown_type;
        }
        return graph::Hop::node(rest);
    }
    if (meta.has(graph::packet_flag::l2_group) || ip->destination.is_multicast() ||
        ip->destination.is_limited_broadcast()) {
        return Drop::broadcast;
    }
    const wire::Be16 before(uint16_t(icmp->type_number << 8 | icmp->code));
    icmp->type_number = uint8_t(wire::Icmp4Type::echo_reply);
    icmp->checksum = wire::update_checksum(icmp->checksum, before, wire::Be16(0));
    std::swap(ip->source, ip->destination);
    const wire::Be16 ttl_before(uint16_t(ip->ttl << 8 | ip->protocol_number));
    ip->ttl = 64;
    ip->checksum = wire::update_checksum(ip->checksum, ttl_before,
                                         wire::Be16(uint16_t(ip->ttl << 8 | ip->protocol_number)));
    meta.flags |= graph::packet_flag::local_origin;
    meta.flow_hash = 0;
    return Next::lookup;
}

}  // namespace vnet::icmp4
