// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/quote.hpp"

#include "vnet/wire/icmp4_query.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::flow {

namespace {
/// IANA's numbers of protocols that wire has no names for.
constexpr uint8_t dccp = 33;
constexpr uint8_t udp_lite = 136;

struct PortPair {
    wire::Be16 source;
    wire::Be16 destination;
};
}  // namespace

bool has_ports(wire::IpProtocol protocol) noexcept {
    return protocol == wire::IpProtocol::tcp || protocol == wire::IpProtocol::udp ||
           protocol == wire::IpProtocol::sctp || uint8_t(protocol) == dccp ||
           uint8_t(protocol) == udp_lite;
}

bool is_query(uint8_t icmp_type) noexcept {
    return wire::has_identifier(wire::Icmp4Type(icmp_type));
}

std::optional<Key> quoted_key(std::span<const std::byte> message) noexcept {
    const auto quote = wire::after(message, sizeof(wire::Icmp4Header));
    const auto* ip = wire::view<wire::Ip4Header>(quote);
    if (ip == nullptr || ip->version() != 4 || ip->header_length() < sizeof(wire::Ip4Header) ||
        !ip->has_l4_header()) {
        return std::nullopt;
    }
    Key key;
    key.source = ip->source;
    key.destination = ip->destination;
    key.protocol = ip->protocol_number;
    const auto l4 = wire::after(quote, ip->header_length());
    if (ip->protocol() == wire::IpProtocol::icmp) {
        const auto* echo = wire::view<wire::Icmp4EchoHeader>(l4);
        if (echo == nullptr || !is_query(echo->type_number)) {
            return std::nullopt;
        }
        key.ports = Ports::of(echo->identifier, echo->identifier);
    } else if (has_ports(ip->protocol())) {
        const auto* pair = wire::view<PortPair>(l4);
        if (pair == nullptr) {
            return std::nullopt;
        }
        key.ports = Ports::of(pair->source, pair->destination);
    }
    return key;
}

}  // namespace vnet::flow
