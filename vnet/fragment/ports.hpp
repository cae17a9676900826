// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "graph/slots.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::fragment {

/// What tells flows apart beyond their addresses, known for every packet behind virtual
/// reassembly, a fragment or not: the slot "ports" of a packet.
struct Ports {
    /// In host byte order. Of TCP, UDP, UDP-Lite, DCCP and SCTP; of an ICMP query (echo, timestamp)
    /// or an ICMPv6 echo both are its identifier; 0 of all else.
    uint16_t source = 0;
    uint16_t destination = 0;
    /// The upper layer's protocol: behind IPv6 extension headers too.
    uint8_t protocol = 0;
    /// Bits of `ports_flag`.
    uint8_t flags = 0;
    /// ICMP and ICMPv6: type and code.
    uint8_t type = 0;
    uint8_t code = 0;

    bool has(uint8_t flag) const noexcept { return (flags & flag) != 0; }
    friend bool operator==(const Ports&, const Ports&) noexcept = default;
};
static_assert(sizeof(Ports) == 8);

namespace ports_flag {
/// `source` and `destination` mean something.
inline constexpr uint8_t known = 1 << 0;
/// The packet is a fragment.
inline constexpr uint8_t fragment = 1 << 1;
/// It is one behind the first: there is no transport header in it.
inline constexpr uint8_t later_fragment = 1 << 2;
}  // namespace ports_flag

using PortsSlot = graph::Slot<Ports>;

/// Reads them from the upper layer's header. `bytes` begin with it; what is too short for its ports
/// has none.
Ports read_ports(wire::IpProtocol protocol, std::span<const std::byte> bytes) noexcept;

/// Bytes of its transport header that a first fragment must bring, so that no part of it that a
/// feature may look at comes in a later one (RFC 1858 3.1, RFC 7112 5).
uint32_t least_first_fragment(wire::IpProtocol protocol) noexcept;

}  // namespace vnet::fragment
