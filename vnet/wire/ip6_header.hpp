// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::wire {

/// IPv6 header (RFC 8200 3).
struct Ip6Header {
    static constexpr std::uint32_t flow_label_mask = 0xfffff;
    /// The shortest MTU that a link may have (RFC 8200 5); no ICMPv6 error is longer
    /// (RFC 4443 2.4).
    static constexpr std::uint16_t shortest_mtu = 1280;

    Be32 version_class_flow{0x60000000};
    Be16 payload_length;  ///< bytes behind this header, extension headers included
    std::uint8_t next_header_number = 0;
    std::uint8_t hop_limit = 0;
    Ip6Address source;
    Ip6Address destination;

    [[nodiscard]] constexpr std::uint8_t version() const noexcept {
        return static_cast<std::uint8_t>(version_class_flow.value() >> 28);
    }
    /// Differentiated services and congestion notification (RFC 8200 7).
    [[nodiscard]] constexpr std::uint8_t traffic_class() const noexcept {
        return static_cast<std::uint8_t>(version_class_flow.value() >> 20);
    }
    [[nodiscard]] constexpr std::uint8_t dscp() const noexcept { return traffic_class() >> 2; }
    [[nodiscard]] constexpr Ecn ecn() const noexcept {
        return static_cast<Ecn>(traffic_class() & 3);
    }
    /// 20 bits; 0 says that the source does not label flows (RFC 6437 2).
    [[nodiscard]] constexpr std::uint32_t flow_label() const noexcept {
        return version_class_flow.value() & flow_label_mask;
    }
    constexpr void set_traffic_class(std::uint8_t value) noexcept {
        version_class_flow = Be32((version_class_flow.value() & 0xf00fffff) |
                                  static_cast<std::uint32_t>(value) << 20);
    }
    constexpr void set_dscp(std::uint8_t value) noexcept {
        set_traffic_class(static_cast<std::uint8_t>((value & 0x3f) << 2 | (traffic_class() & 3)));
    }
    constexpr void set_ecn(Ecn value) noexcept {
        set_traffic_class(
            static_cast<std::uint8_t>((traffic_class() & 0xfc) | static_cast<std::uint8_t>(value)));
    }
    /// Bits above the 20 are dropped.
    constexpr void set_flow_label(std::uint32_t value) noexcept {
        version_class_flow =
            Be32((version_class_flow.value() & ~flow_label_mask) | (value & flow_label_mask));
    }
    constexpr void set_version(std::uint8_t value) noexcept {
        version_class_flow = Be32((version_class_flow.value() & 0x0fffffff) |
                                  static_cast<std::uint32_t>(value) << 28);
    }

    /// What directly follows this header, be it an extension header.
    [[nodiscard]] constexpr IpProtocol next_header() const noexcept {
        return static_cast<IpProtocol>(next_header_number);
    }
    /// Bytes of the whole packet as it claims: check_structure() says whether to believe it.
    [[nodiscard]] constexpr std::size_t total_length() const noexcept {
        return sizeof(Ip6Header) + payload_length.value();
    }
};
static_assert(WireHeader<Ip6Header> && sizeof(Ip6Header) == 40);

/// What is wrong with an IPv6 header; each value is one drop reason. Addresses are judged by
/// Ip6Address::valid_source() and valid_destination().
enum class Ip6Fault : std::uint8_t {
    none,
    truncated,       ///< fewer than 40 bytes
    version,         ///< not 6
    payload_length,  ///< more than the bytes at hand. Jumbograms (RFC 2675) are not known here.
};

/// The kebab-case word for counters.
[[nodiscard]] constexpr std::string_view name(Ip6Fault fault) noexcept {
    switch (fault) {
        case Ip6Fault::none:
            return "none";
        case Ip6Fault::truncated:
            return "truncated";
        case Ip6Fault::version:
            return "version";
        case Ip6Fault::payload_length:
            return "payload-length";
    }
    return {};
}

/// The first malformation of a packet of which `available` bytes are at hand, from the header on.
[[nodiscard]] constexpr Ip6Fault check_structure(const Ip6Header& header,
                                                 std::size_t available) noexcept {
    if (available < sizeof(Ip6Header)) {
        return Ip6Fault::truncated;
    }
    if (header.version() != 6) {
        return Ip6Fault::version;
    }
    return header.total_length() > available ? Ip6Fault::payload_length : Ip6Fault::none;
}

/// Same from bytes, for which "truncated" is possible without a header to look at.
[[nodiscard]] inline Ip6Fault check_ip6(std::span<const std::byte> bytes) noexcept {
    const auto* header = view<Ip6Header>(bytes);
    return header == nullptr ? Ip6Fault::truncated : check_structure(*header, bytes.size());
}

/// Lowers the hop limit by one. False, and the header as it was, when the packet may not be
/// forwarded: a hop limit of 0 or 1 (RFC 8200 3).
[[nodiscard, gnu::always_inline]] constexpr bool decrement_hop_limit(Ip6Header& header) noexcept {
    if (header.hop_limit <= 1) {
        return false;
    }
    --header.hop_limit;
    return true;
}

}  // namespace vnet::wire
