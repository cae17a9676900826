// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/packet_sum.hpp"
#include "vnet/tunnel/outer.hpp"
#include "vnet/wire/ip6_checksum.hpp"

/// The UDP checksum of tunnels that have one (RFC 7348 5, RFC 8926 3.3): a walk over the whole
/// packet.
namespace vnet::tunnel {

inline wire::InternetSum udp_pseudo_header(const wire::Ip4Header& ip, uint16_t length) noexcept {
    return wire::ip4_pseudo_header(ip.source, ip.destination, wire::IpProtocol::udp, length);
}
inline wire::InternetSum udp_pseudo_header(const wire::Ip6Header& ip, uint16_t length) noexcept {
    return wire::ip6_pseudo_header(ip.source, ip.destination, wire::IpProtocol::udp, length);
}

/// Of a packet with nothing behind its UDP datagram of `length` bytes, which has a checksum.
template <class Header>
[[nodiscard]] bool is_udp_intact(const graph::Packet& packet, const Header& ip,
                                 uint16_t length) noexcept {
    return add_packet(udp_pseudo_header(ip, length), packet, packet.meta().l4_offset).is_valid();
}

/// Writes the checksum of a packet that was put into a tunnel.
inline void sum_up_udp(graph::Packet& packet, const Outer& outer) noexcept {
    const uint16_t offset = packet.meta().l4_offset;
    const auto length = uint16_t(packet.length() - offset);
    const auto from_ip = packet.from_offset(packet.meta().l3_offset);
    const wire::InternetSum pseudo_header =
        outer.is_ip6 ? udp_pseudo_header(*wire::view<wire::Ip6Header>(from_ip), length)
                     : udp_pseudo_header(*wire::view<wire::Ip4Header>(from_ip), length);
    const wire::Be16 checksum = add_packet(pseudo_header, packet, offset).checksum();
    auto& udp = *wire::view<wire::UdpHeader>(packet.from_offset(offset));
    // Zero says that there is none (RFC 768).
    udp.checksum = checksum == wire::Be16() ? wire::Be16(0xffff) : checksum;
}

}  // namespace vnet::tunnel
