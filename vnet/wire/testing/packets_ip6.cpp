// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/nd.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire::testing {
namespace {

constexpr std::size_t unit = 8;

std::size_t padded(std::size_t size) {
    return (size + unit - 1) / unit * unit;
}

/// An extension header of `fixed` octets and what follows them, a multiple of 8 long.
Bytes extension_of(std::size_t fixed, std::span<const std::byte> rest) {
    Bytes bytes(padded(fixed + rest.size()));
    std::copy(rest.begin(), rest.end(), bytes.begin() + static_cast<std::ptrdiff_t>(fixed));
    return bytes;
}

Bytes options_header(std::span<const std::byte> options) {
    const std::size_t used = sizeof(Ip6ExtensionHeader) + options.size();
    Bytes bytes = extension_of(sizeof(Ip6ExtensionHeader), options);
    if (const std::size_t pad = bytes.size() - used; pad > 1) {
        bytes[used] = static_cast<std::byte>(Ip6OptionType::pad_n);
        bytes[used + 1] = static_cast<std::byte>(pad - 2);
    }
    return bytes;
}

}  // namespace

PacketMaker& PacketMaker::ip6(Ip6Argument source, Ip6Argument destination) {
    Ip6Header header;
    header.hop_limit = 64;
    header.source = source.value;
    header.destination = destination.value;
    return push(Kind::ip6, bytes_of(header));
}

PacketMaker& PacketMaker::push_extension(IpProtocol kind, std::span<const std::byte> bytes) {
    push(Kind::extension, bytes);
    Layer& layer = last();
    layer.extension = kind;
    if (kind != IpProtocol::fragment) {
        layer.length = static_cast<std::uint16_t>(kind == IpProtocol::ah ? bytes.size() / 4 - 2
                                                                         : bytes.size() / unit - 1);
    }
    return *this;
}

PacketMaker& PacketMaker::hop_by_hop(std::span<const std::byte> options) {
    return push_extension(IpProtocol::hop_by_hop, options_header(options));
}

PacketMaker& PacketMaker::destination_options(std::span<const std::byte> options) {
    return push_extension(IpProtocol::destination_options, options_header(options));
}

PacketMaker& PacketMaker::routing(std::uint8_t type, std::uint8_t segments_left,
                                  std::span<const std::byte> rest) {
    Bytes bytes = extension_of(4, rest);
    bytes[offsetof(Ip6RoutingHeader, routing_type)] = static_cast<std::byte>(type);
    bytes[offsetof(Ip6RoutingHeader, segments_left)] = static_cast<std::byte>(segments_left);
    return push_extension(IpProtocol::routing, bytes);
}

PacketMaker& PacketMaker::fragment_header(std::uint32_t offset_bytes, bool more,
                                          std::uint32_t identification) {
    Ip6FragmentHeader header;
    header.set(offset_bytes, more);
    header.identification = Be32(identification);
    return push_extension(IpProtocol::fragment, bytes_of(header));
}

PacketMaker& PacketMaker::authentication(std::size_t bytes) {
    return push_extension(IpProtocol::ah, Bytes(bytes));
}

PacketMaker& PacketMaker::icmp6(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    Icmp6Header header;
    header.type_number = type;
    header.code = code;
    header.rest = Be32(rest);
    return push(Kind::icmp6, bytes_of(header));
}

PacketMaker& PacketMaker::icmp6_echo_request(std::uint16_t identifier, std::uint16_t sequence) {
    return icmp6(static_cast<std::uint8_t>(Icmp6Type::echo_request), 0,
                 std::uint32_t{identifier} << 16 | sequence);
}

PacketMaker& PacketMaker::icmp6_echo_reply(std::uint16_t identifier, std::uint16_t sequence) {
    return icmp6(static_cast<std::uint8_t>(Icmp6Type::echo_reply), 0,
                 std::uint32_t{identifier} << 16 | sequence);
}

PacketMaker& PacketMaker::icmp6_unreachable(Icmp6Unreachable code) {
    return icmp6(static_cast<std::uint8_t>(Icmp6Type::unreachable),
                 static_cast<std::uint8_t>(code));
}

PacketMaker& PacketMaker::icmp6_packet_too_big(std::uint32_t mtu) {
    return icmp6(static_cast<std::uint8_t>(Icmp6Type::packet_too_big), 0, mtu);
}

PacketMaker& PacketMaker::icmp6_time_exceeded(Icmp6TimeExceeded code) {
    return icmp6(static_cast<std::uint8_t>(Icmp6Type::time_exceeded),
                 static_cast<std::uint8_t>(code));
}

PacketMaker& PacketMaker::icmp6_parameter_problem(Icmp6ParameterProblem code,
                                                  std::uint32_t pointer) {
    return icmp6(static_cast<std::uint8_t>(Icmp6Type::parameter_problem),
                 static_cast<std::uint8_t>(code), pointer);
}

PacketMaker& PacketMaker::router_solicitation() {
    ttl(255);
    return push(Kind::icmp6, bytes_of(RouterSolicitation()));
}

PacketMaker& PacketMaker::router_advertisement(std::uint16_t lifetime_s, std::uint8_t flags) {
    ttl(255);
    RouterAdvertisement message;
    message.lifetime_s = Be16(lifetime_s);
    message.flags = flags;
    return push(Kind::icmp6, bytes_of(message));
}

PacketMaker& PacketMaker::neighbor_solicitation(Ip6Argument target) {
    ttl(255);
    NeighborSolicitation message;
    message.target = target.value;
    return push(Kind::icmp6, bytes_of(message));
}

PacketMaker& PacketMaker::neighbor_advertisement(Ip6Argument target, std::uint8_t flags) {
    ttl(255);
    NeighborAdvertisement message;
    message.flags = flags;
    message.target = target.value;
    return push(Kind::icmp6, bytes_of(message));
}

PacketMaker& PacketMaker::nd_redirect(Ip6Argument target, Ip6Argument destination) {
    ttl(255);
    NdRedirect message;
    message.target = target.value;
    message.destination = destination.value;
    return push(Kind::icmp6, bytes_of(message));
}

PacketMaker& PacketMaker::append(std::span<const std::byte> bytes) {
    Bytes& header = last(Kind::icmp6, "room for options").header;
    header.insert(header.end(), bytes.begin(), bytes.end());
    return *this;
}

PacketMaker& PacketMaker::flow_label(std::uint32_t value) {
    header<Ip6Header>(Kind::ip6, "flow label").set_flow_label(value);
    return *this;
}

}  // namespace vnet::wire::testing
