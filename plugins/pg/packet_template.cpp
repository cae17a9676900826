// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/packet_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/udp.hpp"

namespace pg {

namespace wire = vnet::wire;

namespace {

constexpr size_t ip_offset = sizeof(wire::EthernetHeader);
constexpr size_t ports_bytes = 4;

size_t checksum_offset(wire::IpProtocol protocol) {
    switch (protocol) {
        case wire::IpProtocol::tcp:
            return offsetof(wire::TcpHeader, checksum);
        case wire::IpProtocol::icmp:
        case wire::IpProtocol::icmp6:
            return offsetof(wire::Icmp4Header, checksum);
        default:
            return offsetof(wire::UdpHeader, checksum);
    }
}

template <class T>
void put(std::byte* to, const T& value) noexcept {
    std::memcpy(to, &value, sizeof(value));
}

absl::Status check_run(std::string_view what, const Run& run, uint64_t most,
                       const std::string& from) {
    if (run.count == 0) {
        return absl::OutOfRangeError(
            fmt::format("a stream cannot have 0 {}; give 1 or more", what));
    }
    if (run.step == 0 && run.count > 1) {
        return absl::OutOfRangeError(
            fmt::format("{} {} cannot be 0 apart; give a step of 1 or more", run.count, what));
    }
    if (run.first > most || uint64_t(run.count - 1) * run.step > most - run.first) {
        return absl::OutOfRangeError(
            fmt::format("there are no {} {} from {} on, {} apart; give fewer, or begin lower",
                        run.count, what, from, run.step));
    }
    return absl::OkStatus();
}

wire::Ip6Address behind(wire::Ip6Address first, uint64_t number) noexcept {
    return {first.high(), first.low() + number};
}

absl::Status check_addresses(std::string_view what, const Run& run, wire::Ip6Address first) {
    if (run.count > 1 && uint64_t(run.count - 1) * run.step > UINT64_MAX - first.low()) {
        return absl::OutOfRangeError(fmt::format(
            "there are no {} {} from {} on, {} apart, in its network of 64 bits; give fewer, or "
            "begin lower",
            run.count, what, first, run.step));
    }
    return check_run(what, run, UINT64_MAX, first.to_string());
}

std::string show(const Run& run, const std::string& first) {
    return run.count == 1 ? first : fmt::format("{} x {}", first, run.count);
}

}  // namespace

uint32_t PacketSpec::least() const {
    const size_t ip = ip6 ? sizeof(wire::Ip6Header) : sizeof(wire::Ip4Header);
    const size_t l4 =
        protocol == wire::IpProtocol::tcp ? sizeof(wire::TcpHeader) : sizeof(wire::UdpHeader);
    return std::max(smallest, uint32_t(ip_offset + ip + l4));
}

absl::Status PacketSpec::check() const {
    if (size < least() || size > largest) {
        return absl::OutOfRangeError(fmt::format(
            "packets of {} B cannot be made; a size is {} to {} B", size, least(), largest));
    }
    if (ttl < 1 || ttl > 255) {
        return absl::OutOfRangeError(fmt::format("a TTL of {} does not exist; give 1 to 255", ttl));
    }
    if (protocol != wire::IpProtocol::udp && protocol != wire::IpProtocol::tcp &&
        protocol != wire::IpProtocol::icmp) {
        return absl::InvalidArgumentError(
            fmt::format("packets of IP protocol {} cannot be made; it is udp, tcp or icmp",
                        unsigned(protocol)));
    }
    if (!source_mac.is_unicast()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot send packets; give a unicast address as source MAC", source_mac));
    }
    absl::Status status;
    if (ip6) {
        status.Update(check_addresses("source addresses", source, ip6->source));
        status.Update(check_addresses("destination addresses", destination, ip6->destination));
    } else {
        status.Update(check_run("source addresses", source, UINT32_MAX,
                                wire::Ip4Address(source.first).to_string()));
        status.Update(check_run("destination addresses", destination, UINT32_MAX,
                                wire::Ip4Address(destination.first).to_string()));
    }
    status.Update(
        check_run("source ports", source_port, UINT16_MAX, std::to_string(source_port.first)));
    status.Update(check_run("destination ports", destination_port, UINT16_MAX,
                            std::to_string(destination_port.first)));
    return status;
}

std::string PacketSpec::to_string() const {
    std::string text = fmt::format(
        "{} B {} {} -> {}", size, wire::name(protocol),
        show(source, ip6 ? ip6->source.to_string() : wire::Ip4Address(source.first).to_string()),
        show(destination,
             ip6 ? ip6->destination.to_string() : wire::Ip4Address(destination.first).to_string()));
    if (protocol != wire::IpProtocol::icmp) {
        text +=
            fmt::format(", ports {} -> {}", show(source_port, std::to_string(source_port.first)),
                        show(destination_port, std::to_string(destination_port.first)));
    }
    return random ? fmt::format("{}, random by seed {}", text, seed) : text;
}

PacketTemplate::PacketTemplate(const PacketSpec& spec)
    : size_(spec.size),
      varies_(true),
      random_(spec.random),
      protocol_(spec.protocol),
      ip6_(spec.ip6),
      seed_(spec.seed),
      random_state_(spec.seed),
      source_(spec.source),
      destination_(spec.destination),
      source_port_(spec.source_port),
      destination_port_(spec.destination_port) {
    wire::EthernetHeader ethernet;
    ethernet.source = spec.source_mac;
    ethernet.type = wire::to_be(ip6_ ? wire::EtherType::ip6 : wire::EtherType::ip4);
    put(bytes_.data(), ethernet);
    put_destination_mac(spec.destination_mac.value_or(wire::MacAddress()).to_uint64());
    l4_offset_ = ip_offset + (ip6_ ? write_ip6(spec) : write_ip4(spec));
    write_l4(size_ - l4_offset_);

    // Where nothing varies, the template is the packet.
    patch(bytes_.data());
    varies_ = std::max({spec.source.count, spec.destination.count, spec.source_port.count,
                        spec.destination_port.count}) > 1;
    rewind();
}

/// Bytes of the header.
size_t PacketTemplate::write_ip4(const PacketSpec& spec) noexcept {
    wire::Ip4Header ip;
    ip.total_length = wire::Be16(uint16_t(size_ - ip_offset));
    ip.ttl = uint8_t(spec.ttl);
    ip.protocol_number = uint8_t(protocol_);
    put(bytes_.data() + ip_offset, ip);
    ip_sum_.add(std::span<const std::byte>(bytes_).subspan(ip_offset, sizeof(ip)));
    return sizeof(ip);
}

size_t PacketTemplate::write_ip6(const PacketSpec& spec) noexcept {
    if (protocol_ == wire::IpProtocol::icmp) {
        protocol_ = wire::IpProtocol::icmp6;
    }
    wire::Ip6Header ip;
    ip.payload_length = wire::Be16(uint16_t(size_ - ip_offset - sizeof(ip)));
    ip.hop_limit = uint8_t(spec.ttl);
    ip.next_header_number = uint8_t(protocol_);
    put(bytes_.data() + ip_offset, ip);
    return sizeof(ip);
}

void PacketTemplate::write_l4(size_t l4_bytes) noexcept {
    std::byte* l4 = bytes_.data() + l4_offset_;
    size_t header_bytes = 0;
    if (protocol_ == wire::IpProtocol::icmp || protocol_ == wire::IpProtocol::icmp6) {
        // Of both families an echo's header is type, code, checksum and zeros here.
        wire::Icmp4Header icmp{};
        icmp.type_number =
            ip6_ ? uint8_t(wire::Icmp6Type::echo_request) : uint8_t(wire::Icmp4Type::echo_request);
        put(l4, icmp);
        header_bytes = sizeof(icmp);
    } else if (protocol_ == wire::IpProtocol::tcp) {
        wire::TcpHeader tcp;
        tcp.flag_bits = uint8_t(wire::TcpFlags::ack);
        tcp.window = wire::Be16(0xffff);
        put(l4, tcp);
        header_bytes = sizeof(tcp);
    } else {
        wire::UdpHeader udp;
        udp.length = wire::Be16(uint16_t(l4_bytes));
        put(l4, udp);
        header_bytes = sizeof(udp);
    }
    for (size_t i = header_bytes; i < l4_bytes; ++i) {
        l4[i] = std::byte(i - header_bytes);
    }
    if (ip6_) {
        l4_sum_ = wire::ip6_pseudo_header({}, {}, protocol_, uint32_t(l4_bytes));
    } else if (protocol_ != wire::IpProtocol::icmp) {
        l4_sum_ = wire::ip4_pseudo_header({}, {}, protocol_, uint16_t(l4_bytes));
    }
    // With the zero byte behind an odd end, so that what is added later weighs as it does at an
    // even place.
    l4_sum_.add(std::span<const std::byte>(bytes_).subspan(l4_offset_, l4_bytes + l4_bytes % 2));
}

void PacketTemplate::rewind() noexcept {
    for (Cursor* cursor : {&source_, &destination_, &source_port_, &destination_port_}) {
        cursor->at = 0;
    }
    random_state_ = seed_;
}

void PacketTemplate::put_destination_mac(uint64_t mac) noexcept {
    put(bytes_.data(), wire::MacAddress::from_uint64(mac));
    destination_mac_ = mac;
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
uint64_t PacketTemplate::next_random() noexcept {
    uint64_t z = random_state_ += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31;
}

void PacketTemplate::write(std::byte* to) noexcept {
    std::memcpy(to, bytes_.data(), size_);
    if (varies_) {
        patch(to);
    }
}

void PacketTemplate::patch(std::byte* packet) noexcept {
    uint32_t source = 0;
    uint32_t destination = 0;
    uint32_t source_port = 0;
    uint32_t destination_port = 0;
    if (random_) {
        const uint64_t addresses = next_random();
        const uint64_t ports = next_random();
        source = source_.next(uint32_t(addresses >> 32));
        destination = destination_.next(uint32_t(addresses));
        source_port = source_port_.next(uint32_t(ports >> 32));
        destination_port = destination_port_.next(uint32_t(ports));
    } else {
        source = source_.next();
        destination = destination_.next();
        source_port = source_port_.next();
        destination_port = destination_port_.next();
    }
    const wire::InternetSum sum = put_addresses(packet, source, destination);
    std::byte* l4 = packet + l4_offset_;
    if (protocol_ == wire::IpProtocol::icmp || protocol_ == wire::IpProtocol::icmp6) {
        put(l4 + checksum_offset(protocol_), sum.checksum());
        return;
    }
    const wire::Be32 ports(source_port << 16 | destination_port);
    static_assert(sizeof(ports) == ports_bytes);
    put(l4, ports);
    wire::Be16 checksum = wire::InternetSum(sum).add(ports).checksum();
    if (protocol_ == wire::IpProtocol::udp && checksum == wire::Be16()) {
        checksum = wire::Be16(0xffff);
    }
    put(l4 + checksum_offset(protocol_), checksum);
}

/// The sum of what is behind the IP header with these addresses, without ports.
wire::InternetSum PacketTemplate::put_addresses(std::byte* packet, uint32_t source,
                                                uint32_t destination) const noexcept {
    if (ip6_) {
        auto* ip = wire::view<wire::Ip6Header>(packet + ip_offset, sizeof(wire::Ip6Header));
        ip->source = behind(ip6_->source, source);
        ip->destination = behind(ip6_->destination, destination);
        constexpr size_t addresses = offsetof(wire::Ip6Header, source);
        return wire::InternetSum(l4_sum_).add(std::span<const std::byte>(
            packet + ip_offset + addresses, sizeof(wire::Ip6Header) - addresses));
    }
    const wire::Ip4Address from(source);
    const wire::Ip4Address to(destination);
    auto* ip = wire::view<wire::Ip4Header>(packet + ip_offset, sizeof(wire::Ip4Header));
    ip->source = from;
    ip->destination = to;
    ip->checksum = wire::InternetSum(ip_sum_).add(from).add(to).checksum();
    if (protocol_ == wire::IpProtocol::icmp) {
        return l4_sum_;
    }
    return wire::InternetSum(l4_sum_).add(from).add(to);
}

}  // namespace pg
