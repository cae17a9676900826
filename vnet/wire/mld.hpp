// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::wire {

/// A message of multicast listener discovery, version 1 (RFC 2710 3), and what a query of version 2
/// begins with (RFC 3810 5.1).
struct MldMessage {
    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::listener_query);
    std::uint8_t code = 0;
    Be16 checksum;
    Be16 max_response;  ///< as MldQuery reads it
    Be16 reserved;
    Ip6Address group;  ///< `::` in a general query
};
static_assert(WireHeader<MldMessage> && sizeof(MldMessage) == 24);

/// What a query of version 2 has behind it; addresses of sources follow.
struct MldQueryTail {
    std::uint8_t robustness = 0;
    std::uint8_t interval_code = 0;
    Be16 sources;
};
static_assert(WireHeader<MldQueryTail> && sizeof(MldQueryTail) == 4);

/// A report of version 2 (RFC 3810 5.2); records follow.
struct MldReport {
    std::uint8_t type_number = static_cast<std::uint8_t>(Icmp6Type::listener_report_2);
    std::uint8_t code = 0;
    Be16 checksum;
    Be16 reserved;
    Be16 records;
};
static_assert(WireHeader<MldReport> && sizeof(MldReport) == 8);

/// What a record of a report says of a group (RFC 3810 5.2.12).
enum class MldRecordType : std::uint8_t {
    is_include = 1,
    is_exclude = 2,  ///< without sources: listens to all
    to_include = 3,  ///< without sources: has left
    to_exclude = 4,  ///< without sources: has joined
};

/// A record without sources.
struct MldRecord {
    std::uint8_t type_number = 0;
    std::uint8_t auxiliary_words = 0;
    Be16 sources;
    Ip6Address group;
};
static_assert(WireHeader<MldRecord> && sizeof(MldRecord) == 20);

/// `ff02::16`, where reports of version 2 go (RFC 3810 5.2.14).
inline constexpr Ip6Address mld_routers{0xff02'0000'0000'0000, 0x16};

/// What is wrong with a query; each value is one drop reason.
enum class MldFault : std::uint8_t {
    none,
    truncated,        ///< shorter than its fixed part, or than its sources
    hop_limit,        ///< not 1
    source,           ///< not a link-local address
    no_router_alert,  ///< without the hop-by-hop option (RFC 3810 6)
    group,            ///< neither `::` nor a group
};

/// A query as a listener needs it.
struct MldQuery {
    MldFault fault = MldFault::none;
    /// 1 or 2.
    std::uint8_t version = 2;
    /// `::`: about all groups.
    Ip6Address group;
    /// Within this time it is to be answered.
    std::chrono::milliseconds max_response{0};
};

/// Reads a query (RFC 3810 5.1, 6.2, 8.1). `packet` starts with the IPv6 header, whose chain of
/// headers has been walked; the message begins at `message_offset`. The checksum is verified
/// elsewhere.
[[nodiscard]] MldQuery read_mld_query(std::span<const std::byte> packet,
                                      std::size_t message_offset) noexcept;

}  // namespace vnet::wire
