// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::wire {

/// Router solicitation (RFC 4861 4.1). Options follow, as in all of these.
struct RouterSolicitation {
    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::router_solicitation);
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 reserved;
};
static_assert(WireHeader<RouterSolicitation> && sizeof(RouterSolicitation) == 8);

/// How much a host likes a router or a route of it (RFC 4191 2.1). 2 is to be taken as medium.
enum class RouterPreference : std::uint8_t { medium = 0, high = 1, low = 3 };

/// Router advertisement (RFC 4861 4.2).
struct RouterAdvertisement {
    static constexpr std::uint8_t managed_flag = 0x80;
    static constexpr std::uint8_t other_flag = 0x40;
    static constexpr std::uint8_t preference_mask = 0x18;

    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::router_advertisement);
    std::uint8_t code = 0;
    Be16 checksum;
    std::uint8_t hop_limit = 0;  ///< for hosts to send with; 0 says nothing
    std::uint8_t flags = 0;
    Be16 lifetime_s;         ///< as a default router; 0: it is none
    Be32 reachable_time_ms;  ///< 0 says nothing
    Be32 retrans_timer_ms;   ///< 0 says nothing

    /// Addresses are had by DHCPv6.
    [[nodiscard]] constexpr bool managed() const noexcept { return (flags & managed_flag) != 0; }
    /// Other things are had by DHCPv6.
    [[nodiscard]] constexpr bool other() const noexcept { return (flags & other_flag) != 0; }
    [[nodiscard]] constexpr RouterPreference preference() const noexcept {
        return static_cast<RouterPreference>((flags & preference_mask) >> 3);
    }
    constexpr void set_preference(RouterPreference value) noexcept {
        flags = static_cast<std::uint8_t>((flags & ~preference_mask) |
                                          static_cast<std::uint8_t>(value) << 3);
    }
};
static_assert(WireHeader<RouterAdvertisement> && sizeof(RouterAdvertisement) == 16);

/// Neighbor solicitation (RFC 4861 4.3).
struct NeighborSolicitation {
    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::neighbor_solicitation);
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 reserved;
    Ip6Address target;
};
static_assert(WireHeader<NeighborSolicitation> && sizeof(NeighborSolicitation) == 24);

/// Neighbor advertisement (RFC 4861 4.4).
struct NeighborAdvertisement {
    static constexpr std::uint8_t router_flag = 0x80;
    static constexpr std::uint8_t solicited_flag = 0x40;
    static constexpr std::uint8_t override_flag = 0x20;

    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::neighbor_advertisement);
    std::uint8_t code = 0;
    Be16 checksum;
    std::uint8_t flags = 0;
    std::uint8_t reserved[3] = {};
    Ip6Address target;

    [[nodiscard]] constexpr bool from_router() const noexcept { return (flags & router_flag) != 0; }
    /// Answers a solicitation, so it confirms that the target is reached.
    [[nodiscard]] constexpr bool solicited() const noexcept {
        return (flags & solicited_flag) != 0;
    }
    /// Replaces a link-layer address that is known already.
    [[nodiscard]] constexpr bool overrides() const noexcept { return (flags & override_flag) != 0; }
};
static_assert(WireHeader<NeighborAdvertisement> && sizeof(NeighborAdvertisement) == 24);

/// Redirect (RFC 4861 4.5).
struct NdRedirect {
    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::redirect);
    std::uint8_t code = 0;
    Be16 checksum;
    Be32 reserved;
    /// The better first hop; the destination itself where it is a neighbor.
    Ip6Address target;
    Ip6Address destination;
};
static_assert(WireHeader<NdRedirect> && sizeof(NdRedirect) == 40);

/// What is wrong with a message of neighbor discovery (RFC 4861 6.1, 7.1, 8.1); each value is one
/// drop reason.
enum class NdFault : std::uint8_t {
    none,
    type,                      ///< not one of the five messages
    truncated,                 ///< shorter than its fixed part
    hop_limit,                 ///< not 255: it came from beyond the link
    code,                      ///< not 0
    source,                    ///< not an address that may send it: see check_nd()
    destination,               ///< not an address that it may go to: see check_nd()
    target,                    ///< a group, or where only a link-local address is right, another
    option,                    ///< an option of length 0, or one that goes beyond the message
    unspecified_link_address,  ///< from `::` and with the sender's link-layer address
};

/// The kebab-case word for counters.
[[nodiscard]] std::string_view name(NdFault fault) noexcept;

/// The first malformation of a message of neighbor discovery. `ip` is the header around it,
/// `message` the ICMPv6 message as long as the packet says. The checksum is verified elsewhere.
///
/// - Solicitations may come from `::`: a neighbor's then go to a solicited-node group (7.1.1). No
///   source may be a group.
/// - Advertisements of routers and redirects come from link-local addresses (6.1.2, 8.1).
/// - A solicited neighbor advertisement does not go to a group (7.1.2).
/// - A redirect's target is link-local or the destination, which is no group (8.1).
[[nodiscard]] NdFault check_nd(const Ip6Header& ip, std::span<const std::byte> message) noexcept;

/// Bytes of the fixed part of a message, where its options start; 0 for another type.
[[nodiscard]] std::size_t nd_fixed_bytes(Icmp6Type type) noexcept;

}  // namespace vnet::wire
