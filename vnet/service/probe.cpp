// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <variant>

#include "graph/limits.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/flow_match.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::service {

namespace {

using Bytes = std::vector<std::byte>;

constexpr uint32_t default_length = 64;
constexpr uint32_t default_ttl = 64;
constexpr uint16_t default_source_port = 40000;
/// Where traceroute begins, and nobody listens.
constexpr uint16_t default_destination_port = 33434;
constexpr uint32_t longest = graph::buffer_bytes - sizeof(wire::EthernetHeader);
/// The sender's MAC address: locally administered, and no router looks at it.
constexpr uint64_t sender = 0x02'00'00'00'00'01;

using Address = std::variant<wire::Ip4Address, wire::Ip6Address>;

struct Shape {
    Address source;
    Address destination;
    wire::IpProtocol protocol = wire::IpProtocol::udp;
    uint16_t source_port = default_source_port;
    uint16_t destination_port = default_destination_port;
    uint8_t ttl = default_ttl;
    uint16_t length = default_length;
    bool dont_fragment = false;

    bool has_ports() const {
        return protocol == wire::IpProtocol::tcp || protocol == wire::IpProtocol::udp;
    }
    bool is_ip6() const { return std::holds_alternative<wire::Ip6Address>(source); }
    uint32_t header() const { return is_ip6() ? sizeof(wire::Ip6Header) : sizeof(wire::Ip4Header); }
    uint32_t shortest() const {
        switch (protocol) {
            case wire::IpProtocol::tcp:
                return header() + sizeof(wire::TcpHeader);
            case wire::IpProtocol::udp:
            case wire::IpProtocol::icmp:
            case wire::IpProtocol::icmp6:
                return header() + sizeof(wire::UdpHeader);
            default:
                return header();
        }
    }
};

absl::StatusOr<Shape> read(const sluice::ExplainRequest& request) {
    Shape shape;
    if (!request.has_source() || !request.has_destination()) {
        return absl::InvalidArgumentError(
            "a packet needs a source and a destination address, or its bytes as hex");
    }
    absl::Status status;
    const auto take = [&status](auto& into, const auto& value) {
        status.Update(value.status());
        if (value.ok()) {
            into = *value;
        }
    };
    const auto address_of = [](const sluice::IpAddress& message) {
        return with_address(message,
                            [](auto address) -> absl::StatusOr<Address> { return address; });
    };
    take(shape.source, address_of(request.source()));
    take(shape.destination, address_of(request.destination()));
    if (shape.source.index() != shape.destination.index()) {
        status.Update(absl::InvalidArgumentError(
            "no packet goes from an address of one family to one of the other; give both of IPv4, "
            "or both of IPv6"));
    }
    if (request.has_protocol()) {
        take(shape.protocol, parse_protocol(request.protocol()));
        if (shape.is_ip6() && shape.protocol == wire::IpProtocol::icmp) {
            shape.protocol = wire::IpProtocol::icmp6;
        }
    }
    if (request.has_source_port()) {
        take(shape.source_port, check_port(request.source_port(), "source"));
    }
    if (request.has_destination_port()) {
        take(shape.destination_port, check_port(request.destination_port(), "destination"));
    }
    if ((request.has_source_port() || request.has_destination_port()) && !shape.has_ports()) {
        status.Update(absl::InvalidArgumentError(
            fmt::format("protocol {} has no ports; leave the ports out, or give tcp or udp",
                        request.protocol())));
    }
    const uint32_t ttl = request.has_ttl() ? request.ttl() : default_ttl;
    if (ttl > 255) {
        status.Update(absl::InvalidArgumentError(
            fmt::format("TTL {} does not fit in a packet; give 0 to 255", ttl)));
    }
    shape.ttl = uint8_t(ttl);
    const uint32_t length = request.has_length() ? request.length() : default_length;
    if (length < shape.shortest() || length > longest) {
        status.Update(absl::InvalidArgumentError(fmt::format(
            "a packet of {} bytes cannot be made; give {} to {}, the {} header included", length,
            shape.shortest(), longest, shape.is_ip6() ? "IPv6" : "IPv4")));
    }
    shape.length = uint16_t(length);
    shape.dont_fragment = request.dont_fragment();
    if (!status.ok()) {
        return status;
    }
    return shape;
}

/// With the pseudo header of the family.
wire::Be16 checksum_of(const Shape& shape, std::span<const std::byte> segment) {
    if (shape.is_ip6()) {
        return wire::l4_checksum(std::get<wire::Ip6Address>(shape.source),
                                 std::get<wire::Ip6Address>(shape.destination), shape.protocol,
                                 segment);
    }
    return wire::l4_checksum(std::get<wire::Ip4Address>(shape.source),
                             std::get<wire::Ip4Address>(shape.destination), shape.protocol,
                             segment);
}

/// Writes the transport header at the beginning of `segment`, which is zero.
void write_transport(const Shape& shape, std::span<std::byte> segment) {
    if (shape.protocol == wire::IpProtocol::udp) {
        auto* udp = wire::view<wire::UdpHeader>(segment);
        udp->source_port = wire::Be16(shape.source_port);
        udp->destination_port = wire::Be16(shape.destination_port);
        udp->length = wire::Be16(uint16_t(segment.size()));
        udp->checksum = checksum_of(shape, segment);
    } else if (shape.protocol == wire::IpProtocol::tcp) {
        auto* tcp = wire::view<wire::TcpHeader>(segment);
        *tcp = wire::TcpHeader{};
        tcp->source_port = wire::Be16(shape.source_port);
        tcp->destination_port = wire::Be16(shape.destination_port);
        tcp->flag_bits = uint8_t(wire::TcpFlags::syn);
        tcp->window = wire::Be16(0xffff);
        tcp->checksum = checksum_of(shape, segment);
    } else if (shape.protocol == wire::IpProtocol::icmp) {
        auto* icmp = wire::view<wire::Icmp4Header>(segment);
        icmp->type_number = uint8_t(wire::Icmp4Type::echo_request);
        icmp->checksum = wire::internet_checksum(segment);
    } else if (shape.protocol == wire::IpProtocol::icmp6 && shape.is_ip6()) {
        auto* icmp = wire::view<wire::Icmp6Header>(segment);
        icmp->type_number = uint8_t(wire::Icmp6Type::echo_request);
        icmp->checksum = checksum_of(shape, segment);
    }
}

void write_ip4(const Shape& shape, std::span<std::byte> packet) {
    auto* ip = wire::view<wire::Ip4Header>(packet);
    *ip = wire::Ip4Header{};
    ip->total_length = wire::Be16(shape.length);
    ip->flags_offset = wire::Be16(shape.dont_fragment ? wire::Ip4Header::dont_fragment_flag : 0);
    ip->ttl = shape.ttl;
    ip->protocol_number = uint8_t(shape.protocol);
    ip->source = std::get<wire::Ip4Address>(shape.source);
    ip->destination = std::get<wire::Ip4Address>(shape.destination);
    ip->checksum = wire::ip4_header_checksum(*ip);
}

void write_ip6(const Shape& shape, std::span<std::byte> packet) {
    auto* ip = wire::view<wire::Ip6Header>(packet);
    *ip = wire::Ip6Header{};
    ip->payload_length = wire::Be16(uint16_t(shape.length - sizeof(wire::Ip6Header)));
    ip->hop_limit = shape.ttl;
    ip->next_header_number = uint8_t(shape.protocol);
    ip->source = std::get<wire::Ip6Address>(shape.source);
    ip->destination = std::get<wire::Ip6Address>(shape.destination);
}

}  // namespace

absl::StatusOr<Bytes> make_probe(const sluice::ExplainRequest& request,
                                 const wire::MacAddress& to) {
    if (request.has_hex()) {
        const std::string& hex = request.hex().value();
        if (hex.empty() || hex.size() > graph::buffer_bytes) {
            return absl::InvalidArgumentError(
                fmt::format("a packet of {} bytes cannot come in; give 1 to {} bytes", hex.size(),
                            graph::buffer_bytes));
        }
        const auto* begin = reinterpret_cast<const std::byte*>(hex.data());
        return Bytes(begin, begin + hex.size());
    }
    const auto shape = read(request);
    if (!shape.ok()) {
        return shape.status();
    }
    Bytes bytes(sizeof(wire::EthernetHeader) + shape->length);
    auto* ethernet = wire::view<wire::EthernetHeader>(bytes);
    ethernet->destination = to;
    ethernet->source = wire::MacAddress::from_uint64(sender);
    ethernet->type = wire::to_be(shape->is_ip6() ? wire::EtherType::ip6 : wire::EtherType::ip4);
    const auto packet = std::span(bytes).subspan(sizeof(wire::EthernetHeader));
    shape->is_ip6() ? write_ip6(*shape, packet) : write_ip4(*shape, packet);
    write_transport(*shape, packet.subspan(shape->header()));
    return bytes;
}

}  // namespace vnet::service
