// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/flow_hash.hpp"

namespace vnet::handoff {

namespace detail {

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
    return wire::flow_hash(*header, bytes, seed);
}

inline std::optional<std::uint32_t> hash_ip6(std::span<const std::byte> bytes,
                                             std::uint64_t seed) noexcept {
    const auto* header = wire::view<wire::Ip6Header>(bytes);
    if (header == nullptr || header->destination.is_multicast() ||
        header->destination.is_link_local()) {
        return std::nullopt;
    }
    return wire::flow_hash(*header, bytes, seed);
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
