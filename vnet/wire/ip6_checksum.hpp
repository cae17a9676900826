// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::wire {

/// The pseudo header of UDP, TCP and ICMPv6 (RFC 8200 8.1). `length` is that of the upper layer's
/// header and data; `destination` the final one where a routing header has segments left.
[[nodiscard]] constexpr InternetSum ip6_pseudo_header(Ip6Address source, Ip6Address destination,
                                                      IpProtocol protocol,
                                                      std::uint32_t length) noexcept {
    const auto halves = [](InternetSum& sum, Ip6Address address) {
        for (const std::uint64_t half : {address.high(), address.low()}) {
            sum.add(Be32(static_cast<std::uint32_t>(half >> 32)))
                .add(Be32(static_cast<std::uint32_t>(half)));
        }
    };
    InternetSum sum;
    halves(sum, source);
    halves(sum, destination);
    return sum.add(Be32(length)).add(Be16(static_cast<std::uint8_t>(protocol)));
}

/// The checksum of an ICMPv6 message, a TCP segment or a UDP datagram whose checksum field is zero.
/// For UDP a result of zero becomes 0xffff: zero is not allowed (RFC 8200 8.1) but in tunnels that
/// say so (RFC 6935).
[[nodiscard]] constexpr Be16 l4_checksum(Ip6Address source, Ip6Address destination,
                                         IpProtocol protocol,
                                         std::span<const std::byte> segment) noexcept {
    const Be16 checksum =
        ip6_pseudo_header(source, destination, protocol, static_cast<std::uint32_t>(segment.size()))
            .add(segment)
            .checksum();
    return protocol == IpProtocol::udp && checksum == Be16() ? Be16(0xffff) : checksum;
}

/// The message, segment or datagram, its checksum field included, is intact. The caller refuses UDP
/// without a checksum.
[[nodiscard]] constexpr bool l4_checksum_ok(Ip6Address source, Ip6Address destination,
                                            IpProtocol protocol,
                                            std::span<const std::byte> segment) noexcept {
    return ip6_pseudo_header(source, destination, protocol,
                             static_cast<std::uint32_t>(segment.size()))
        .add(segment)
        .is_valid();
}

/// The checksum after an address that it covers went from `before` to `after` (RFC 1624 eqn 3).
[[nodiscard]] constexpr Be16 update_checksum(Be16 checksum, Ip6Address before,
                                             Ip6Address after) noexcept {
    for (const bool high : {true, false}) {
        const std::uint64_t from = high ? before.high() : before.low();
        const std::uint64_t to = high ? after.high() : after.low();
        checksum = update_checksum(checksum, Be32(static_cast<std::uint32_t>(from >> 32)),
                                   Be32(static_cast<std::uint32_t>(to >> 32)));
        checksum = update_checksum(checksum, Be32(static_cast<std::uint32_t>(from)),
                                   Be32(static_cast<std::uint32_t>(to)));
    }
    return checksum;
}

}  // namespace vnet::wire
