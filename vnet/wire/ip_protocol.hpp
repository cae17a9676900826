// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace vnet::wire {

/// What an IP packet carries (IANA protocol numbers). Other values are to be expected.
enum class IpProtocol : std::uint8_t {
    hop_by_hop = 0,  ///< IPv6 extension header (RFC 8200 4.3)
    icmp = 1,
    igmp = 2,
    ipip = 4,
    tcp = 6,
    udp = 17,
    ip6 = 41,
    routing = 43,   ///< IPv6 extension header (RFC 8200 4.4)
    fragment = 44,  ///< IPv6 extension header (RFC 8200 4.5)
    gre = 47,
    esp = 50,
    ah = 51,
    icmp6 = 58,
    no_next_header = 59,       ///< IPv6: nothing follows (RFC 8200 4.7)
    destination_options = 60,  ///< IPv6 extension header (RFC 8200 4.6)
    ospf = 89,
    vrrp = 112,
    sctp = 132,
    mobility = 135,       ///< IPv6 extension header (RFC 6275)
    host_identity = 139,  ///< IPv6 extension header (RFC 7401)
    shim6 = 140,          ///< IPv6 extension header (RFC 5533)
    experimental = 253,   ///< RFC 3692
};

/// The word shown to people; empty for a protocol without one.
[[nodiscard]] constexpr std::string_view name(IpProtocol protocol) noexcept {
    switch (protocol) {
        case IpProtocol::hop_by_hop:
            return "hop-by-hop";
        case IpProtocol::icmp:
            return "icmp";
        case IpProtocol::igmp:
            return "igmp";
        case IpProtocol::ipip:
            return "ipip";
        case IpProtocol::tcp:
            return "tcp";
        case IpProtocol::udp:
            return "udp";
        case IpProtocol::ip6:
            return "ip6";
        case IpProtocol::routing:
            return "routing";
        case IpProtocol::fragment:
            return "fragment";
        case IpProtocol::gre:
            return "gre";
        case IpProtocol::esp:
            return "esp";
        case IpProtocol::ah:
            return "ah";
        case IpProtocol::icmp6:
            return "icmp6";
        case IpProtocol::no_next_header:
            return "no-next-header";
        case IpProtocol::destination_options:
            return "destination-options";
        case IpProtocol::ospf:
            return "ospf";
        case IpProtocol::vrrp:
            return "vrrp";
        case IpProtocol::sctp:
            return "sctp";
        case IpProtocol::mobility:
            return "mobility";
        case IpProtocol::host_identity:
            return "host-identity";
        case IpProtocol::shim6:
            return "shim6";
        case IpProtocol::experimental:
            return "experimental";
    }
    return {};
}

/// Explicit congestion notification (RFC 3168 5).
enum class Ecn : std::uint8_t { not_capable = 0, capable_1 = 1, capable_0 = 2, congested = 3 };

}  // namespace vnet::wire
