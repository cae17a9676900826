// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "vnet/wire/ip4.hpp"

namespace nat44 {

/// What a log tells of.
enum class LogKind : uint8_t {
    session_created,
    session_deleted,
    /// The BIB entry of an inside address and port: what its sessions have in common.
    mapping_created,
    mapping_deleted,
    /// Ports of an outside address for one inside address.
    block_allocated,
    block_released,
    // Something was refused. These come at the rate of packets, and so are limited.
    /// No address of the pool is left.
    addresses_exhausted,
    /// No port of an address is left.
    ports_exhausted,
    /// As many sessions as there may be.
    sessions_exceeded,
    /// As many mappings as there may be.
    mappings_exceeded,
    /// As many as one inside address may have.
    user_exceeded,
    /// As many in a second as one inside address may begin.
    user_rate_exceeded,
};
inline constexpr LogKind first_limited_kind = LogKind::addresses_exhausted;
inline constexpr unsigned limited_kinds =
    unsigned(LogKind::user_rate_exceeded) - unsigned(first_limited_kind) + 1;
constexpr bool is_limited(LogKind kind) noexcept {
    return kind >= first_limited_kind;
}

/// Whether a log says whom hosts inside speak with. A log of who had an address and port does not
/// need it, and it should not be kept unless it must be (RFC 6888 REQ-12).
enum class Destinations : uint8_t { left_out, told };

/// An event of the translator. Which fields count depends on the kind; the others are zero. Ports
/// are those of TCP and UDP, and the identifiers of ICMP queries.
struct LogRecord {
    /// Nanoseconds since 1970 (UTC). Set by the Log.
    uint64_t time_ns = 0;
    LogKind kind = LogKind::session_created;
    /// As in the IPv4 header.
    uint8_t protocol = 0;
    /// Of the host inside, as it knows itself, and as the outside knows it.
    uint16_t inside_port = 0;
    uint16_t outside_port = 0;
    /// Of whom it speaks with, as the inside knows that, and as it is; the same but for twice NAT.
    uint16_t remote_inside_port = 0;
    uint16_t remote_port = 0;
    /// Of a block, both included.
    uint16_t block_first = 0;
    uint16_t block_last = 0;
    vnet::wire::Ip4Address inside;
    vnet::wire::Ip4Address outside;
    vnet::wire::Ip4Address remote_inside;
    vnet::wire::Ip4Address remote;
    /// Indexes; 0 is the default VRF.
    uint32_t inside_vrf = 0;
    uint32_t outside_vrf = 0;
    /// Of the limited kinds: the number of the pool.
    uint32_t pool = 0;
    /// How many there may be, where that was exceeded.
    uint32_t limit = 0;
    /// Events of this kind and pool that were not told, since the last one that was.
    uint32_t suppressed = 0;
    friend bool operator==(const LogRecord&, const LogRecord&) = default;
};
static_assert(std::is_trivially_copyable_v<LogRecord>);

}  // namespace nat44
