// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/testing/packets.hpp"

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::wire::testing {
namespace {

template <class Value>
Value or_throw(const absl::StatusOr<Value>& value) {
    if (!value.ok()) {
        throw std::invalid_argument(std::string(value.status().message()));
    }
    return *value;
}

}  // namespace

MacAddress mac(std::string_view text) {
    return or_throw(MacAddress::parse(text));
}
Ip4Address ip(std::string_view text) {
    return or_throw(Ip4Address::parse(text));
}
Ip4Prefix prefix(std::string_view text) {
    return or_throw(Ip4Prefix::parse(text));
}
Ip6Address ip6(std::string_view text) {
    return or_throw(Ip6Address::parse(text));
}
Ip6Prefix prefix6(std::string_view text) {
    return or_throw(Ip6Prefix::parse(text));
}

PacketMaker& PacketMaker::push(Kind kind, std::span<const std::byte> bytes) {
    Layer layer;
    layer.kind = kind;
    layer.header.assign(bytes.begin(), bytes.end());
    layers_.push_back(std::move(layer));
    return *this;
}

PacketMaker::Layer& PacketMaker::last() {
    if (layers_.empty()) {
        throw std::logic_error("no header to change yet");
    }
    return layers_.back();
}

PacketMaker::Layer& PacketMaker::last(Kind wanted, std::string_view what) {
    Layer& layer = last();
    if (layer.kind != wanted) {
        throw std::logic_error(fmt::format("the last header has no {}", what));
    }
    return layer;
}

PacketMaker& PacketMaker::ethernet(MacArgument source, MacArgument destination) {
    EthernetHeader header;
    header.source = source.value;
    header.destination = destination.value;
    return push(Kind::ethernet, bytes_of(header));
}

PacketMaker& PacketMaker::vlan(std::uint16_t id, std::uint8_t priority, bool drop_eligible) {
    VlanTag tag;
    tag.control = VlanTag::make_control(id, priority, drop_eligible);
    return push(Kind::vlan, bytes_of(tag));
}

PacketMaker& PacketMaker::arp_request(MacArgument sender_mac, IpArgument sender,
                                      IpArgument target) {
    ArpHeader header = ArpHeader::make(ArpOperation::request);
    header.sender_mac = sender_mac.value;
    header.sender_ip = sender.value;
    header.target_ip = target.value;
    return push(Kind::arp, bytes_of(header));
}

PacketMaker& PacketMaker::arp_reply(MacArgument sender_mac, IpArgument sender,
                                    MacArgument target_mac, IpArgument target) {
    ArpHeader header = ArpHeader::make(ArpOperation::reply);
    header.sender_mac = sender_mac.value;
    header.sender_ip = sender.value;
    header.target_mac = target_mac.value;
    header.target_ip = target.value;
    return push(Kind::arp, bytes_of(header));
}

PacketMaker& PacketMaker::ip4(IpArgument source, IpArgument destination) {
    Ip4Header header;
    header.ttl = 64;
    header.source = source.value;
    header.destination = destination.value;
    return push(Kind::ip4, bytes_of(header));
}

PacketMaker& PacketMaker::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    Icmp4Header header;
    header.type_number = type;
    header.code = code;
    header.rest = Be32(rest);
    return push(Kind::icmp, bytes_of(header));
}

PacketMaker& PacketMaker::icmp_echo_request(std::uint16_t identifier, std::uint16_t sequence) {
    return icmp(static_cast<std::uint8_t>(Icmp4Type::echo_request), 0,
                std::uint32_t{identifier} << 16 | sequence);
}

PacketMaker& PacketMaker::icmp_echo_reply(std::uint16_t identifier, std::uint16_t sequence) {
    return icmp(static_cast<std::uint8_t>(Icmp4Type::echo_reply), 0,
                std::uint32_t{identifier} << 16 | sequence);
}

PacketMaker& PacketMaker::icmp_unreachable(Icmp4Unreachable code, std::uint16_t next_hop_mtu) {
    return icmp(static_cast<std::uint8_t>(Icmp4Type::unreachable), static_cast<std::uint8_t>(code),
                next_hop_mtu);
}

PacketMaker& PacketMaker::icmp_redirect(IpArgument gateway, Icmp4Redirect code) {
    return icmp(static_cast<std::uint8_t>(Icmp4Type::redirect), static_cast<std::uint8_t>(code),
                gateway.value.value());
}

PacketMaker& PacketMaker::icmp_time_exceeded(Icmp4TimeExceeded code) {
    return icmp(static_cast<std::uint8_t>(Icmp4Type::time_exceeded),
                static_cast<std::uint8_t>(code));
}

PacketMaker& PacketMaker::icmp_parameter_problem(std::uint8_t pointer) {
    return icmp(static_cast<std::uint8_t>(Icmp4Type::parameter_problem), 0,
                std::uint32_t{pointer} << 24);
}

PacketMaker& PacketMaker::udp(std::uint16_t source_port, std::uint16_t destination_port) {
    UdpHeader header;
    header.source_port = Be16(source_port);
    header.destination_port = Be16(destination_port);
    return push(Kind::udp, bytes_of(header));
}

PacketMaker& PacketMaker::tcp(std::uint16_t source_port, std::uint16_t destination_port,
                              TcpFlags flags) {
    TcpHeader header;
    header.source_port = Be16(source_port);
    header.destination_port = Be16(destination_port);
    header.flag_bits = static_cast<std::uint8_t>(flags);
    header.window = Be16(0xffff);
    return push(Kind::tcp, bytes_of(header));
}

PacketMaker& PacketMaker::payload(std::span<const std::byte> bytes) {
    return push(Kind::payload, bytes);
}

PacketMaker& PacketMaker::payload(std::string_view text) {
    return payload(std::as_bytes(std::span(text)));
}

PacketMaker& PacketMaker::payload(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i);
    }
    return payload(std::span<const std::byte>(bytes));
}

PacketMaker& PacketMaker::ttl(std::uint8_t value) {
    if (last().kind == Kind::ip6) {
        header<Ip6Header>(Kind::ip6, "hop limit").hop_limit = value;
    } else {
        header<Ip4Header>(Kind::ip4, "TTL").ttl = value;
    }
    return *this;
}

PacketMaker& PacketMaker::dscp(std::uint8_t value) {
    if (last().kind == Kind::ip6) {
        header<Ip6Header>(Kind::ip6, "DSCP").set_dscp(value);
    } else {
        header<Ip4Header>(Kind::ip4, "DSCP").set_dscp(value);
    }
    return *this;
}

PacketMaker& PacketMaker::ecn(Ecn value) {
    if (last().kind == Kind::ip6) {
        header<Ip6Header>(Kind::ip6, "ECN").set_ecn(value);
    } else {
        header<Ip4Header>(Kind::ip4, "ECN").set_ecn(value);
    }
    return *this;
}

PacketMaker& PacketMaker::identification(std::uint16_t value) {
    header<Ip4Header>(Kind::ip4, "identification").identification = Be16(value);
    return *this;
}

PacketMaker& PacketMaker::dont_fragment() {
    auto& ip4_header = header<Ip4Header>(Kind::ip4, "fragment field");
    ip4_header.flags_offset = Be16(ip4_header.flags_offset.value() | Ip4Header::dont_fragment_flag);
    return *this;
}

PacketMaker& PacketMaker::fragment(std::uint32_t offset_bytes, bool more) {
    header<Ip4Header>(Kind::ip4, "fragment field").set_fragment(offset_bytes, more);
    return *this;
}

PacketMaker& PacketMaker::protocol(IpProtocol value) {
    Layer& layer = last();
    if (layer.kind != Kind::ip4 && layer.kind != Kind::ip6 && layer.kind != Kind::extension) {
        throw std::logic_error("the last header has no protocol");
    }
    layer.type = static_cast<std::uint8_t>(value);
    return *this;
}

PacketMaker& PacketMaker::version(std::uint8_t value) {
    if (last().kind == Kind::ip6) {
        header<Ip6Header>(Kind::ip6, "version").set_version(value);
        return *this;
    }
    auto& ip4_header = header<Ip4Header>(Kind::ip4, "version");
    ip4_header.version_ihl = static_cast<std::uint8_t>(value << 4 | (ip4_header.version_ihl & 0xf));
    return *this;
}

PacketMaker& PacketMaker::header_words(std::uint8_t value) {
    last(Kind::ip4, "header length").header_words = value;
    return *this;
}

PacketMaker& PacketMaker::options(std::span<const std::byte> bytes) {
    Layer& layer = last();
    if (layer.kind != Kind::ip4 && layer.kind != Kind::tcp) {
        throw std::logic_error("the last header has no options");
    }
    layer.header.insert(layer.header.end(), bytes.begin(), bytes.end());
    layer.header.resize((layer.header.size() + 3) / 4 * 4);
    return *this;
}

PacketMaker& PacketMaker::sequence(std::uint32_t value) {
    header<TcpHeader>(Kind::tcp, "TCP sequence").sequence = Be32(value);
    return *this;
}

PacketMaker& PacketMaker::acknowledgment(std::uint32_t value) {
    header<TcpHeader>(Kind::tcp, "acknowledgment").acknowledgment = Be32(value);
    return *this;
}

PacketMaker& PacketMaker::window(std::uint16_t value) {
    header<TcpHeader>(Kind::tcp, "window").window = Be16(value);
    return *this;
}

PacketMaker& PacketMaker::type(std::uint16_t value) {
    Layer& layer = last();
    if (layer.kind != Kind::ethernet && layer.kind != Kind::vlan) {
        throw std::logic_error("the last header has no type");
    }
    layer.type = value;
    return *this;
}

PacketMaker& PacketMaker::length(std::uint16_t value) {
    Layer& layer = last();
    if (layer.kind != Kind::ip4 && layer.kind != Kind::udp && layer.kind != Kind::ip6 &&
        layer.kind != Kind::extension) {
        throw std::logic_error("the last header has no length");
    }
    layer.length = value;
    return *this;
}

PacketMaker& PacketMaker::checksum(std::uint16_t value) {
    last().checksum = value;
    return *this;
}

PacketMaker& PacketMaker::bad_checksum() {
    last().bad_checksum = true;
    return *this;
}

PacketMaker& PacketMaker::poke(std::size_t offset, std::uint8_t value) {
    if (offset >= last().header.size()) {
        throw std::logic_error(fmt::format("the last header has no byte {}", offset));
    }
    last().pokes.emplace_back(offset, value);
    return *this;
}

PacketMaker& PacketMaker::pad_to(std::size_t size) {
    shortest_ = size;
    return *this;
}

PacketMaker& PacketMaker::truncate(std::size_t size) {
    longest_ = size;
    return *this;
}

}  // namespace vnet::wire::testing
