// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip4.hpp"

namespace vnet::wire {

/// Messages of the internet group management protocol (RFC 3376 4, RFC 2236 2, RFC 1112).
enum class IgmpType : std::uint8_t {
    query = 0x11,
    report_1 = 0x12,
    report_2 = 0x16,
    leave = 0x17,
    report_3 = 0x22,
};

/// A message of version 1 or 2, and what a query of version 3 begins with.
struct IgmpMessage {
    std::uint8_t type_number = static_cast<std::uint8_t>(IgmpType::query);
    std::uint8_t max_response = 0;  ///< as IgmpQuery reads it
    Be16 checksum;
    Ip4Address group;  ///< 0.0.0.0 in a general query

    [[nodiscard]] constexpr IgmpType type() const noexcept {
        return static_cast<IgmpType>(type_number);
    }
};
static_assert(WireHeader<IgmpMessage> && sizeof(IgmpMessage) == 8);

/// What a query of version 3 has behind it; addresses of sources follow (RFC 3376 4.1).
struct IgmpQueryTail {
    std::uint8_t robustness = 0;
    std::uint8_t interval_code = 0;
    Be16 sources;
};
static_assert(WireHeader<IgmpQueryTail> && sizeof(IgmpQueryTail) == 4);

/// A report of version 3 (RFC 3376 4.2); records follow.
struct IgmpReport {
    std::uint8_t type_number = static_cast<std::uint8_t>(IgmpType::report_3);
    std::uint8_t reserved = 0;
    Be16 checksum;
    Be16 reserved_too;
    Be16 records;
};
static_assert(WireHeader<IgmpReport> && sizeof(IgmpReport) == 8);

/// A record without sources.
struct IgmpRecord {
    std::uint8_t type_number = 0;
    std::uint8_t auxiliary_words = 0;
    Be16 sources;
    Ip4Address group;
};
static_assert(WireHeader<IgmpRecord> && sizeof(IgmpRecord) == 8);

/// 224.0.0.22, where reports of version 3 go (RFC 3376 4.2.14).
inline constexpr Ip4Address igmp_routers{224, 0, 0, 22};
/// Where all systems of a link listen, and all routers (RFC 1112 4, RFC 2236 9).
inline constexpr Ip4Address all_systems{224, 0, 0, 1};
inline constexpr Ip4Address all_routers{224, 0, 0, 2};

/// What is wrong with a query; each value is one drop reason.
enum class IgmpFault : std::uint8_t {
    none,
    truncated,     ///< shorter than its fixed part, or than its sources
    bad_checksum,  ///< over the whole message
    no_query,      ///< a message of other listeners, or of a type that nobody knows
    ttl,           ///< not 1
    group,         ///< neither 0.0.0.0 nor a group, or a general query that is not to all systems
};

/// A query as a listener needs it.
struct IgmpQuery {
    IgmpFault fault = IgmpFault::none;
    /// 1 to 3.
    std::uint8_t version = 3;
    /// 0.0.0.0: about all groups.
    Ip4Address group;
    Ip4Address querier;
    /// Within this time it is to be answered.
    std::chrono::milliseconds max_response{0};
};

/// Reads a query (RFC 3376 4.1, 7.1, 9.1; RFC 2236). `packet` starts with the IPv4 header, which
/// has been checked, and ends with the packet.
[[nodiscard]] IgmpQuery read_igmp_query(std::span<const std::byte> packet) noexcept;

}  // namespace vnet::wire
