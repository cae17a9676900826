// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/ports.hpp"

#include "vnet/wire/icmp4_query.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::fragment {

namespace {

/// The first four bytes of every protocol that has ports.
struct PortPair {
    wire::Be16 source;
    wire::Be16 destination;
};

/// IANA's numbers of protocols that wire has no headers for.
constexpr uint8_t dccp = 33;
constexpr uint8_t udp_lite = 136;

bool has_ports(wire::IpProtocol protocol) noexcept {
    return protocol == wire::IpProtocol::tcp || protocol == wire::IpProtocol::udp ||
           protocol == wire::IpProtocol::sctp || uint8_t(protocol) == dccp ||
           uint8_t(protocol) == udp_lite;
}

/// Both families' headers begin alike (RFC 4443 2.1).
void read_icmp(Ports& ports, const wire::Icmp4Header& icmp, bool is_query) noexcept {
    ports.type = icmp.type_number;
    ports.code = icmp.code;
    if (is_query) {
        ports.source = ports.destination = uint16_t(icmp.rest.value() >> 16);
        ports.flags |= ports_flag::known;
    }
}

bool is_query6(uint8_t type) noexcept {
    return type == uint8_t(wire::Icmp6Type::echo_request) ||
           type == uint8_t(wire::Icmp6Type::echo_reply);
}

}  // namespace

Ports read_ports(wire::IpProtocol protocol, std::span<const std::byte> bytes) noexcept {
    Ports ports;
    ports.protocol = uint8_t(protocol);
    if (has_ports(protocol)) {
        if (const auto* pair = wire::view<PortPair>(bytes)) {
            ports.source = pair->source.value();
            ports.destination = pair->destination.value();
            ports.flags |= ports_flag::known;
        }
    } else if (protocol == wire::IpProtocol::icmp || protocol == wire::IpProtocol::icmp6) {
        if (const auto* icmp = wire::view<wire::Icmp4Header>(bytes)) {
            read_icmp(ports, *icmp,
                      protocol == wire::IpProtocol::icmp ? wire::has_identifier(icmp->type())
                                                         : is_query6(icmp->type_number));
        }
    }
    return ports;
}

uint32_t least_first_fragment(wire::IpProtocol protocol) noexcept {
    constexpr uint32_t dccp_header = 12;
    constexpr uint32_t sctp_header = 12;
    switch (protocol) {
        case wire::IpProtocol::tcp:
            return sizeof(wire::TcpHeader);
        case wire::IpProtocol::udp:
            return sizeof(wire::UdpHeader);
        case wire::IpProtocol::sctp:
            return sctp_header;
        case wire::IpProtocol::icmp:
        case wire::IpProtocol::icmp6:
            return sizeof(wire::Icmp4Header);
        default:
            return uint8_t(protocol) == dccp ? dccp_header : 0;
    }
}

}  // namespace vnet::fragment
