// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::handoff {

/// An IPv6 header (RFC 8200 3), as far as a hash needs it.
struct Ip6Flow {
    wire::Be32 version_class_label;
    wire::Be16 payload_length;
    std::uint8_t next_header = 0;
    std::uint8_t hop_limit = 0;
    std::array<wire::Be32, 4> source;
    std::array<wire::Be32, 4> destination;
};
static_assert(wire::WireHeader<Ip6Flow> && sizeof(Ip6Flow) == 40);

/// The first four bytes of TCP, UDP and SCTP.
struct Ports {
    wire::Be16 source;
    wire::Be16 destination;
};

namespace detail {

/// Mixes 64 bits well enough that any of them may be used (the finaliser of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9;
    value = (value ^ value >> 27) * 0x94d0'49bb'1331'11eb;
    return value ^ value >> 31;
}

/// The same for both directions: the ends are put in an order of their own.
constexpr std::uint32_t hash(std::uint64_t one_end, std::uint64_t other_end, std::uint8_t protocol,
                             std::uint64_t seed) noexcept {
    const std::uint64_t low = std::min(one_end, other_end);
    const std::uint64_t high = std::max(one_end, other_end);
    return std::uint32_t(mix(mix(low ^ seed) + high + (std::uint64_t{protocol} << 48)) >> 32);
}

constexpr bool has_ports(std::uint8_t protocol) noexcept {
    return protocol == std::uint8_t(wire::IpProtocol::tcp) ||
           protocol == std::uint8_t(wire::IpProtocol::udp) ||
           protocol == std::uint8_t(wire::IpProtocol::sctp);
}

inline Ports ports(std::span<const std::byte> bytes) noexcept {
    const auto* found = wire::view<Ports>(bytes);
    return found == nullptr ? Ports() : *found;
}

constexpr std::uint64_t fold(const std::array<wire::Be32, 4>& address) noexcept {
    return mix(std::uint64_t{address[0].value()} << 32 | address[1].value()) +
           (std::uint64_t{address[2].value()} << 32 | address[3].value());
}

inline std::optional<std::uint32_t> hash_ip4(std::span<const std::byte> bytes, std::uint32_t own,
                                             std::uint64_t seed) noexcept {
    const auto* header = wire::view<wire::Ip4Header>(bytes);
    if (header == nullptr || header->version() != 4) {
        return std::nullopt;
    }
    const wire::Ip4Address to = header->destination;
    if (to.value() == own || to.is_multicast() || to.is_limited_broadcast()) {
        return std::nullopt;
    }
    std::uint64_t source = header->source.value();
    std::uint64_t destination = to.value();
    // Only the first fragment has ports: all go by their addresses.
    if (has_ports(header->protocol_number) && !header->is_fragment()) {
        const Ports found = ports(wire::after(bytes, header->header_length()));
        source |= std::uint64_t{found.source.value()} << 32;
        destination |= std::uint64_t{found.destination.value()} << 32;
    }
    return hash(source, destination, header->protocol_number, seed);
}

inline std::optional<std::uint32_t> hash_ip6(std::span<const std::byte> bytes,
                                             std::uint64_t seed) noexcept {
    const auto* header = wire::view<Ip6Flow>(bytes);
    constexpr std::uint32_t multicast = 0xff;
    constexpr std::uint32_t link_local = 0xfe80'0000 >> 22;
    if (header == nullptr || header->destination[0].value() >> 24 == multicast ||
        header->destination[0].value() >> 22 == link_local) {
        return std::nullopt;
    }
    // Behind extension headers nobody looks: such packets, fragments too, go by their addresses.
    const Ports found =
        has_ports(header->next_header) ? ports(wire::after(bytes, sizeof(Ip6Flow))) : Ports();
    return hash(fold(header->source) + found.source.value(),
                fold(header->destination) + found.destination.value(),
                has_ports(header->next_header) ? header->next_header : 0, seed);
}

}  // namespace detail

/// A number that all packets of a flow have in common, in both directions: of addresses, protocol
/// and, where the packet is no fragment, ports. Nothing for a frame that stays where it came in,
/// so that no queue of others' traffic is in its way: what is not IP (ARP), what goes to a group or
/// stays on the link (routing protocols, neighbour discovery), and IPv4 to `own`, the receiving
/// interface's address in host byte order.
inline std::optional<std::uint32_t> flow_hash(std::span<const std::byte> frame, std::uint32_t own,
                                              std::uint64_t seed) noexcept {
    const auto* ethernet = wire::view<wire::EthernetHeader>(frame);
    if (ethernet == nullptr) {
        return std::nullopt;
    }
    const auto bytes = frame.subspan(sizeof(wire::EthernetHeader));
    switch (ethernet->ether_type()) {
        case wire::EtherType::ip4:
            return detail::hash_ip4(bytes, own, seed);
        case wire::EtherType::ip6:
            return detail::hash_ip6(bytes, seed);
        default:
            return std::nullopt;
    }
}

}  // namespace vnet::handoff
