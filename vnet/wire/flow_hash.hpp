// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6_header.hpp"

/// A number that all packets of a flow have in common, in both directions: of addresses, protocol
/// and ports. Another seed makes another, unrelated one.
namespace vnet::wire {

/// The first four bytes of TCP, UDP and SCTP.
struct FlowPorts {
    Be16 source;
    Be16 destination;
};

namespace detail {

/// Mixes 64 bits well enough that any of them may be used (the finaliser of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ value >> 27) * 0x94d0'49bb'1331'11eb;
    return value ^ value >> 31;
}

/// The same for both directions: the ends are put in an order of their own.
constexpr std::uint32_t hash_ends(std::uint64_t one, std::uint64_t other, std::uint8_t protocol,
                                  std::uint64_t seed) noexcept {
    const std::uint64_t low = std::min(one, other);
    const std::uint64_t high = std::max(one, other);
    return std::uint32_t(mix(mix(low ^ seed) + high + (std::uint64_t{protocol} << 48)) >> 32);
}

constexpr bool has_ports(std::uint8_t protocol) noexcept {
    return protocol == std::uint8_t(IpProtocol::tcp) || protocol == std::uint8_t(IpProtocol::udp) ||
           protocol == std::uint8_t(IpProtocol::sctp);
}

inline FlowPorts flow_ports(std::span<const std::byte> bytes) noexcept {
    const auto* found = view<FlowPorts>(bytes);
    return found == nullptr ? FlowPorts() : *found;
}

constexpr std::uint64_t fold(const Ip6Address& address) noexcept {
    return mix(address.high()) + address.low();
}

}  // namespace detail

/// Of an IPv4 packet whose header is `header`, the first bytes of `packet`. Only the first fragment
/// has ports: all go by their addresses.
inline std::uint32_t flow_hash(const Ip4Header& header, std::span<const std::byte> packet,
                               std::uint64_t seed) noexcept {
    std::uint64_t source = header.source.value();
    std::uint64_t destination = header.destination.value();
    if (detail::has_ports(header.protocol_number) && !header.is_fragment()) {
        const FlowPorts found = detail::flow_ports(after(packet, header.header_length()));
        source |= std::uint64_t{found.source.value()} << 32;
        destination |= std::uint64_t{found.destination.value()} << 32;
    }
    return detail::hash_ends(source, destination, header.protocol_number, seed);
}

/// The same of an IPv6 packet. Behind extension headers nobody looks: such packets, fragments too,
/// go by their addresses.
inline std::uint32_t flow_hash(const Ip6Header& header, std::span<const std::byte> packet,
                               std::uint64_t seed) noexcept {
    const bool has_ports = detail::has_ports(header.next_header_number);
    const FlowPorts found =
        has_ports ? detail::flow_ports(after(packet, sizeof(Ip6Header))) : FlowPorts();
    return detail::hash_ends(detail::fold(header.source) + found.source.value(),
                             detail::fold(header.destination) + found.destination.value(),
                             has_ports ? header.next_header_number : 0, seed);
}

}  // namespace vnet::wire
