// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "plugins/nat44/tuple.hpp"
#include "vnet/wire/checksum_change.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/udp.hpp"

namespace nat44 {

/// Which ends of a packet are translated.
enum class Side : std::uint8_t { source, destination, both };

namespace detail {

/// Sets the addresses of `side` and the IP checksum. Gives the change, for other checksums.
template <Side side>
[[gnu::always_inline]] inline vnet::wire::ChecksumChange set_addresses(vnet::wire::Ip4Header& ip,
                                                                       const Tuple& to) noexcept {
    vnet::wire::ChecksumChange change;
    if constexpr (side != Side::destination) {
        change.add(ip.source, to.source.address);
        ip.source = to.source.address;
    }
    if constexpr (side != Side::source) {
        change.add(ip.destination, to.destination.address);
        ip.destination = to.destination.address;
    }
    ip.checksum = change.apply(ip.checksum);
    return change;
}

/// Sets the ports of `side` and adds them to `change`.
template <Side side>
[[gnu::always_inline]] inline void set_ports(Ports& ports, const Tuple& to,
                                             vnet::wire::ChecksumChange& change) noexcept {
    if constexpr (side != Side::destination) {
        change.add(ports.source, to.source.port);
        ports.source = to.source.port;
    }
    if constexpr (side != Side::source) {
        change.add(ports.destination, to.destination.port);
        ports.destination = to.destination.port;
    }
}

/// An echo reply of nothing but zeros is the one message whose checksum is 0xffff, and a difference
/// does not tell it from one whose words add up to zero modulo 0xffff. Hardly ever called.
[[gnu::noinline]] inline void correct_zeros(vnet::wire::Icmp4EchoHeader& icmp,
                                            std::span<const std::byte> message) noexcept {
    if (vnet::wire::internet_checksum(message) == vnet::wire::Be16(0xffff)) {
        icmp.checksum = vnet::wire::Be16(0xffff);
    }
}

/// Sets the identifier of an ICMP query and its checksum, which covers no address.
inline void set_identifier(vnet::wire::Icmp4EchoHeader& icmp, std::span<const std::byte> message,
                           vnet::wire::Be16 identifier) noexcept {
    using vnet::wire::Be16;
    icmp.checksum =
        vnet::wire::ChecksumChange().add(icmp.identifier, identifier).apply(icmp.checksum);
    icmp.identifier = identifier;
    if (icmp.checksum == Be16() && identifier == Be16()) [[unlikely]] {
        correct_zeros(icmp, message);
    }
}

/// All but TCP and UDP with their header; out of the way of those.
template <Side side>
[[nodiscard, gnu::noinline]] inline bool translate_other(vnet::wire::Ip4Header& ip,
                                                         std::span<std::byte> l4,
                                                         const Tuple& to) noexcept {
    if (ip.protocol() == vnet::wire::IpProtocol::icmp && ip.has_l4_header()) {
        auto* icmp = vnet::wire::view<vnet::wire::Icmp4EchoHeader>(l4);
        if (icmp == nullptr) {
            return false;
        }
        const auto type = static_cast<vnet::wire::Icmp4Type>(icmp->type_number);
        if (side != Side::destination && is_request(type)) {
            set_identifier(*icmp, l4, to.source.port);
        } else if (side != Side::source && is_reply(type)) {
            set_identifier(*icmp, l4, to.destination.port);
        }
    }
    set_addresses<side>(ip, to);
    return true;
}

}  // namespace detail

/// Sets the addresses and ports of `side` to those of `to`, of which nothing else is read, and
/// updates the checksums by the difference (RFC 1624, RFC 3022 4.2): a wrong one stays wrong by as
/// much, UDP's "none" stays none (RFC 768). `l4` follows the IP header and its options and ends no
/// later than the packet; only its first 18 bytes matter (and of an ICMP query all, where they are
/// zeros).
///
/// Later fragments and protocols without ports have only their IP header changed (has_ports()), as
/// have ICMP messages other than queries: for errors there is translate_error(). Of an ICMP query
/// the identifier belongs to one side (Tuple).
///
/// False, and the packet as it was, when the ports and the checksum behind them are not all there.
template <Side side>
[[nodiscard, gnu::always_inline]] inline bool translate(vnet::wire::Ip4Header& ip,
                                                        std::span<std::byte> l4,
                                                        const Tuple& to) noexcept {
    using vnet::wire::Be16;
    if (!has_ports(ip.protocol()) || !ip.has_l4_header()) [[unlikely]] {
        return detail::translate_other<side>(ip, l4, to);
    }
    const bool udp = ip.protocol() == vnet::wire::IpProtocol::udp;
    // Reckoned, not branched for: the two mix in any order.
    constexpr size_t udp_offset = offsetof(vnet::wire::UdpHeader, checksum);
    constexpr size_t tcp_offset = offsetof(vnet::wire::TcpHeader, checksum);
    const size_t offset = tcp_offset - size_t{udp} * (tcp_offset - udp_offset);
    if (l4.size() < offset + sizeof(Be16)) [[unlikely]] {
        return false;
    }
    auto* ports = vnet::wire::view<Ports>(l4);
    auto* checksum = vnet::wire::view<Be16>(l4.data() + offset, l4.size() - offset);
    vnet::wire::ChecksumChange change = detail::set_addresses<side>(ip, to);
    detail::set_ports<side>(*ports, to, change);
    // Numbers, of which a compiler chooses without a branch.
    const std::uint16_t before = checksum->network();
    const std::uint16_t updated = change.apply(*checksum).network();
    const std::uint16_t some = updated == 0 && udp ? 0xffff : updated;
    *checksum = Be16::from_network(before == 0 && udp ? 0 : some);
    return true;
}

}  // namespace nat44
