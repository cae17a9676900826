// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::wire {

/// What every extension header but the fragment header starts with (RFC 6564 4).
struct Ip6ExtensionHeader {
    std::uint8_t next_header_number = 0;
    std::uint8_t length_units = 0;

    [[nodiscard]] constexpr IpProtocol next_header() const noexcept {
        return static_cast<IpProtocol>(next_header_number);
    }
    /// Bytes of the whole header: 8 to 2048.
    [[nodiscard]] constexpr std::size_t length() const noexcept {
        return (std::size_t{length_units} + 1) * 8;
    }
    /// Bytes of an authentication header, which counts in fours (RFC 4302 2.2).
    [[nodiscard]] constexpr std::size_t authentication_length() const noexcept {
        return (std::size_t{length_units} + 2) * 4;
    }
};
static_assert(WireHeader<Ip6ExtensionHeader> && sizeof(Ip6ExtensionHeader) == 2);

/// The start of a routing header (RFC 8200 4.4).
struct Ip6RoutingHeader {
    /// Source routing, deprecated (RFC 5095): answered or dropped, never followed.
    static constexpr std::uint8_t deprecated_type = 0;

    std::uint8_t next_header_number = 0;
    std::uint8_t length_units = 0;
    std::uint8_t routing_type = 0;
    std::uint8_t segments_left = 0;
    Be32 rest;
};
static_assert(WireHeader<Ip6RoutingHeader> && sizeof(Ip6RoutingHeader) == 8);

/// Fragment header (RFC 8200 4.5).
struct Ip6FragmentHeader {
    std::uint8_t next_header_number = 0;
    std::uint8_t reserved = 0;
    Be16 offset_more;
    Be32 identification;

    [[nodiscard]] constexpr IpProtocol next_header() const noexcept {
        return static_cast<IpProtocol>(next_header_number);
    }
    /// Bytes from the start of the fragmentable part.
    [[nodiscard]] constexpr std::uint32_t offset() const noexcept {
        return offset_more.value() & 0xfff8U;
    }
    [[nodiscard]] constexpr bool more_fragments() const noexcept {
        return (offset_more.value() & 1) != 0;
    }
    /// The whole packet behind a fragment header (RFC 6946): taken as it is, apart from all others.
    [[nodiscard]] constexpr bool is_atomic() const noexcept {
        return (offset_more.value() & 0xfff9) == 0;
    }
    /// `offset_bytes` must be a multiple of 8; lower bits are dropped.
    constexpr void set(std::uint32_t offset_bytes, bool more) noexcept {
        offset_more = Be16(static_cast<std::uint16_t>((offset_bytes & 0xfff8) | (more ? 1 : 0)));
    }
};
static_assert(WireHeader<Ip6FragmentHeader> && sizeof(Ip6FragmentHeader) == 8);

/// Is followed by a further header that a walk to the upper layer has to find (RFC 7045 4). What
/// ESP hides is no longer found, so it counts as an upper layer.
[[nodiscard]] constexpr bool is_ip6_extension(IpProtocol protocol) noexcept {
    switch (protocol) {
        case IpProtocol::hop_by_hop:
        case IpProtocol::routing:
        case IpProtocol::fragment:
        case IpProtocol::ah:
        case IpProtocol::destination_options:
        case IpProtocol::mobility:
        case IpProtocol::host_identity:
        case IpProtocol::shim6:
            return true;
        default:
            return false;
    }
}

/// Why the upper layer of an IPv6 packet was not found; each value is one drop reason.
enum class Ip6ChainFault : std::uint8_t {
    none,
    truncated,                  ///< a header goes beyond the packet, or beyond the bytes at hand
    incomplete_first_fragment,  ///< same in a first fragment: all headers belong there (RFC 7112 5)
    hop_by_hop_order,           ///< a hop-by-hop header that is not the first (RFC 8200 4.1)
    too_many_headers,           ///< more than Ip6Chain::most_headers
    too_long,                   ///< more than Ip6Chain::most_bytes
    second_fragment_header,     ///< a fragment within a fragment
    fragment_length,            ///< not the last fragment, and no multiple of 8 (RFC 8200 4.5)
    fragment_overrun,           ///< reassembled it would be longer than 65535 bytes (RFC 8200 4.5)
};

/// The kebab-case word for counters.
[[nodiscard]] std::string_view name(Ip6ChainFault fault) noexcept;

/// The extension headers of a packet, walked once. Offsets are in bytes from the IPv6 header; 0
/// says that there is no such header.
struct Ip6Chain {
    /// Bounds of the walk, as RFC 8883 and RFC 9098 advise. One of each kind that RFC 8200 4.1
    /// knows, destination options twice, is seven.
    static constexpr std::size_t most_headers = 8;
    static constexpr std::size_t most_bytes = 512;

    Ip6ChainFault fault = Ip6ChainFault::none;
    /// The first protocol that is no extension header; where fault is set, the header that did it.
    IpProtocol upper = IpProtocol::no_next_header;
    /// Where it starts: in a fragment that is not the first, where the piece of it starts.
    std::uint16_t upper_offset = 0;
    /// The octet that names `upper`: what a parameter problem "unrecognized next header" points to.
    std::uint16_t next_header_offset = 0;
    /// The octet that a parameter problem about `fault` points to (RFC 8200 4.5, RFC 4443 3.4).
    std::uint16_t error_offset = 0;
    std::uint16_t hop_by_hop_offset = 0;
    std::uint16_t routing_offset = 0;
    std::uint16_t fragment_offset = 0;
    std::uint8_t headers = 0;

    /// One of several pieces or atomic.
    [[nodiscard]] constexpr bool has_fragment_header() const noexcept {
        return fragment_offset != 0;
    }
    /// The upper layer's header starts at upper_offset: not a fragment, or the first of them.
    bool has_l4_header = false;
};

/// Finds the upper layer of a packet whose header check_structure() finds right. `packet` starts
/// with the IPv6 header; it is looked at up to the payload length. Reads nothing behind the packet,
/// takes at most Ip6Chain::most_headers steps.
[[nodiscard]] Ip6Chain walk_ip6(std::span<const std::byte> packet) noexcept;

/// Same for a packet of `length` bytes of which only the first ones are at hand in one piece: all
/// headers must be among them, the fragment's payload need not.
[[nodiscard]] Ip6Chain walk_ip6(std::span<const std::byte> packet, std::size_t length) noexcept;

/// IPv6 option types (IANA). Other values are to be expected.
enum class Ip6OptionType : std::uint8_t {
    pad_1 = 0x00,
    pad_n = 0x01,
    tunnel_limit = 0x04,  ///< RFC 2473
    router_alert = 0x05,  ///< RFC 2711
    calipso = 0x07,       ///< RFC 5570
    quick_start = 0x26,   ///< RFC 4782
    jumbo = 0xc2,         ///< RFC 2675
    home_address = 0xc9,  ///< RFC 6275
};

/// What to do with a packet that has an option which is not known (RFC 8200 4.2).
enum class Ip6OptionAction : std::uint8_t {
    skip = 0,
    discard = 1,
    answer = 2,            ///< discard, and send a parameter problem, code 2
    answer_if_unicast = 3  ///< same, but not where the destination is a group
};

/// One option: its bytes, type and length octet included, and where they start in the packet.
struct Ip6Option {
    Ip6OptionType type = Ip6OptionType::pad_1;
    std::uint16_t offset = 0;
    std::span<const std::byte> bytes;

    [[nodiscard]] constexpr Ip6OptionAction action() const noexcept {
        return static_cast<Ip6OptionAction>(static_cast<std::uint8_t>(type) >> 6);
    }
};

/// Walks the options of a hop-by-hop or a destination options header. Never leaves the header and
/// always ends; padding is skipped. When it meets a malformed option it stops, and error_offset()
/// is what an ICMPv6 parameter problem has to say.
///
///     Ip6OptionsCursor options(packet, chain.hop_by_hop_offset);
///     while (auto option = options.next()) { ... }
///     if (options.malformed()) { ... options.error_offset() ... }
class Ip6OptionsCursor {
public:
    /// More options than this, padding included, are malformed: nobody needs so many, and each
    /// costs time (RFC 8504 5.3).
    static constexpr std::size_t most_options = 16;

    /// `packet` starts with the IPv6 header; the options header starts at `offset`. A header that
    /// does not fit in `packet` is malformed at its length octet.
    Ip6OptionsCursor(std::span<const std::byte> packet, std::size_t offset) noexcept;

    /// The next option, or nothing at the end and at a malformed option.
    [[nodiscard]] std::optional<Ip6Option> next() noexcept;

    [[nodiscard]] bool malformed() const noexcept { return malformed_; }
    /// The octet of the packet at which the error lies; meaningful when malformed().
    [[nodiscard]] std::uint16_t error_offset() const noexcept { return error_offset_; }

private:
    std::nullopt_t fail(std::size_t offset) noexcept;

    std::span<const std::byte> packet_;
    std::size_t position_ = 0;
    std::size_t end_ = 0;
    std::size_t options_ = 0;
    bool malformed_ = false;
    std::uint16_t error_offset_ = 0;
};

}  // namespace vnet::wire
