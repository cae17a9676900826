// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace nat44 {

/// One end of a flow.
struct Endpoint {
    vnet::wire::Ip4Address address;
    /// The port of TCP and UDP, the identifier of an ICMP query; zero where there is none.
    vnet::wire::Be16 port;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Both ends, as they stand in a packet. An ICMP query has one identifier, that of the host that
/// asked: in a request the source's, in a reply the destination's, and the other end's port is
/// zero. So what answers a packet has its tuple reversed, whatever its protocol.
struct Tuple {
    Endpoint source;
    Endpoint destination;

    /// That of the packets in the other direction.
    [[nodiscard]] constexpr Tuple reversed() const noexcept { return {destination, source}; }

    friend bool operator==(const Tuple&, const Tuple&) = default;
};

/// What TCP and UDP begin with.
struct Ports {
    vnet::wire::Be16 source;
    vnet::wire::Be16 destination;
};
static_assert(vnet::wire::WireHeader<Ports> && sizeof(Ports) == 4);

/// Protocols whose ports are translated. Of all others only addresses are: right for those whose
/// checksum does not cover addresses (SCTP's does not, RFC 9260 6.8; nor ESP, nor GRE), not for
/// UDP-Lite and DCCP.
[[nodiscard]] constexpr bool has_ports(vnet::wire::IpProtocol protocol) noexcept {
    return protocol == vnet::wire::IpProtocol::tcp || protocol == vnet::wire::IpProtocol::udp;
}

/// ICMP queries (RFC 5508 2) that are still in use (RFC 6918): echo and timestamp.
[[nodiscard]] constexpr bool is_request(vnet::wire::Icmp4Type type) noexcept {
    return type == vnet::wire::Icmp4Type::echo_request ||
           type == vnet::wire::Icmp4Type::timestamp_request;
}
/// What answers them.
[[nodiscard]] constexpr bool is_reply(vnet::wire::Icmp4Type type) noexcept {
    return type == vnet::wire::Icmp4Type::echo_reply ||
           type == vnet::wire::Icmp4Type::timestamp_reply;
}

/// The tuple of a packet whose header is `ip` and which goes on, behind its options, with `l4`.
/// Ports are zero in later fragments, other protocols and other ICMP messages. Nothing when the
/// ports, or the 8 bytes of an ICMP header, are not all there.
[[nodiscard]] inline std::optional<Tuple> read_tuple(const vnet::wire::Ip4Header& ip,
                                                     std::span<const std::byte> l4) noexcept {
    Tuple tuple{{ip.source, {}}, {ip.destination, {}}};
    if (!ip.has_l4_header()) {
        return tuple;
    }
    if (has_ports(ip.protocol())) {
        const auto* ports = vnet::wire::view<Ports>(l4);
        if (ports == nullptr) {
            return std::nullopt;
        }
        tuple.source.port = ports->source;
        tuple.destination.port = ports->destination;
    } else if (ip.protocol() == vnet::wire::IpProtocol::icmp) {
        const auto* icmp = vnet::wire::view<vnet::wire::Icmp4EchoHeader>(l4);
        if (icmp == nullptr) {
            return std::nullopt;
        }
        const auto type = static_cast<vnet::wire::Icmp4Type>(icmp->type_number);
        if (is_request(type)) {
            tuple.source.port = icmp->identifier;
        } else if (is_reply(type)) {
            tuple.destination.port = icmp->identifier;
        }
    }
    return tuple;
}

}  // namespace nat44
