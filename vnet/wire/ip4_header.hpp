// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::wire {

/// IPv4 header without options (RFC 791 3.1).
struct Ip4Header {
    static constexpr std::uint8_t plain_version_ihl = 0x45;
    static constexpr std::size_t longest_header = 60;
    static constexpr std::uint16_t dont_fragment_flag = 0x4000;
    static constexpr std::uint16_t more_fragments_flag = 0x2000;
    static constexpr std::uint16_t offset_mask = 0x1fff;

    std::uint8_t version_ihl = plain_version_ihl;
    std::uint8_t dscp_ecn = 0;
    Be16 total_length;
    Be16 identification;
    Be16 flags_offset;
    std::uint8_t ttl = 0;
    std::uint8_t protocol_number = 0;
    Be16 checksum;
    Ip4Address source;
    Ip4Address destination;

    [[nodiscard]] constexpr std::uint8_t version() const noexcept { return version_ihl >> 4; }
    /// Bytes, 0 to 60, as the packet claims: check_structure() says whether to believe it.
    [[nodiscard]] constexpr std::size_t header_length() const noexcept {
        return std::size_t{version_ihl & 0xfU} * 4;
    }
    /// Version 4 and no options: the one case a fast path needs.
    [[nodiscard]] constexpr bool is_plain() const noexcept {
        return version_ihl == plain_version_ihl;
    }
    /// Plain, and no fragment either: one look at the first eight bytes.
    [[nodiscard]] bool is_plain_whole() const noexcept {
        using Bytes = std::array<std::uint8_t, sizeof(std::uint64_t)>;
        constexpr auto looked_at = std::bit_cast<std::uint64_t>(
            Bytes{0xff, 0, 0, 0, 0, 0, (more_fragments_flag | offset_mask) >> 8, 0xff});
        constexpr auto plain = std::bit_cast<std::uint64_t>(Bytes{plain_version_ihl});
        std::uint64_t first;
        std::memcpy(&first, this, sizeof first);
        return (first & looked_at) == plain;
    }
    [[nodiscard]] constexpr IpProtocol protocol() const noexcept {
        return static_cast<IpProtocol>(protocol_number);
    }

    /// Differentiated services code point (RFC 2474 3). The setters leave the checksum as it was.
    [[nodiscard]] constexpr std::uint8_t dscp() const noexcept { return dscp_ecn >> 2; }
    [[nodiscard]] constexpr Ecn ecn() const noexcept { return static_cast<Ecn>(dscp_ecn & 3); }
    constexpr void set_dscp(std::uint8_t dscp) noexcept {
        dscp_ecn = static_cast<std::uint8_t>((dscp & 0x3f) << 2 | (dscp_ecn & 3));
    }
    constexpr void set_ecn(Ecn ecn) noexcept {
        dscp_ecn = static_cast<std::uint8_t>((dscp_ecn & 0xfc) | static_cast<std::uint8_t>(ecn));
    }

    [[nodiscard]] constexpr bool dont_fragment() const noexcept {
        return (flags_offset.value() & dont_fragment_flag) != 0;
    }
    [[nodiscard]] constexpr bool more_fragments() const noexcept {
        return (flags_offset.value() & more_fragments_flag) != 0;
    }
    /// Bytes from the start of the whole packet's payload.
    [[nodiscard]] constexpr std::uint32_t fragment_offset() const noexcept {
        return std::uint32_t{flags_offset.value() & std::uint32_t{offset_mask}} * 8;
    }
    /// One of several pieces, the first and the last included.
    [[nodiscard]] constexpr bool is_fragment() const noexcept {
        return (flags_offset.value() & (more_fragments_flag | offset_mask)) != 0;
    }
    /// The layer-4 header is here: not a fragment, or the first of them.
    [[nodiscard]] constexpr bool has_l4_header() const noexcept {
        return (flags_offset.value() & offset_mask) == 0;
    }
    /// `offset_bytes` must be a multiple of 8; lower bits are dropped. Leaves "don't fragment".
    constexpr void set_fragment(std::uint32_t offset_bytes, bool more) noexcept {
        flags_offset = Be16(static_cast<std::uint16_t>((flags_offset.value() & dont_fragment_flag) |
                                                       (more ? more_fragments_flag : 0) |
                                                       (offset_bytes / 8 & offset_mask)));
    }
};
static_assert(WireHeader<Ip4Header> && sizeof(Ip4Header) == 20);

/// What is wrong with an IPv4 header (RFC 1812 5.2.2); each value is one drop reason.
enum class Ip4Fault : std::uint8_t {
    none,
    truncated,         ///< fewer than 20 bytes
    version,           ///< not 4
    header_length,     ///< under 20, or more than the bytes at hand
    total_length,      ///< under the header's length, or more than the bytes at hand
    fragment_overrun,  ///< reassembled it would be longer than 65535 bytes
};

/// The kebab-case word for counters.
[[nodiscard]] constexpr std::string_view name(Ip4Fault fault) noexcept {
    switch (fault) {
        case Ip4Fault::none:
            return "none";
        case Ip4Fault::truncated:
            return "truncated";
        case Ip4Fault::version:
            return "version";
        case Ip4Fault::header_length:
            return "header-length";
        case Ip4Fault::total_length:
            return "total-length";
        case Ip4Fault::fragment_overrun:
            return "fragment-overrun";
    }
    return {};
}

/// The first malformation of a packet of which `available` bytes are at hand, from the header on.
/// The checksum is verified elsewhere (checksum.hpp), as hardware may have done it.
[[nodiscard]] constexpr Ip4Fault check_structure(const Ip4Header& header,
                                                 std::size_t available) noexcept {
    if (available < sizeof(Ip4Header)) {
        return Ip4Fault::truncated;
    }
    if (header.version() != 4) {
        return Ip4Fault::version;
    }
    const std::size_t header_length = header.header_length();
    if (header_length < sizeof(Ip4Header) || header_length > available) {
        return Ip4Fault::header_length;
    }
    const std::size_t total_length = header.total_length.value();
    if (total_length < header_length || total_length > available) {
        return Ip4Fault::total_length;
    }
    if (header.fragment_offset() + total_length > 0xffff) {
        return Ip4Fault::fragment_overrun;
    }
    return Ip4Fault::none;
}

/// Same from bytes, for which "truncated" is possible without a header to look at.
[[nodiscard]] inline Ip4Fault check_ip4(std::span<const std::byte> bytes) noexcept {
    const auto* header = view<Ip4Header>(bytes);
    return header == nullptr ? Ip4Fault::truncated : check_structure(*header, bytes.size());
}

}  // namespace vnet::wire
