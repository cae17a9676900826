// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/flow_match.hpp"

#include <fmt/format.h>

#include <charconv>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::service {

absl::StatusOr<wire::IpProtocol> parse_protocol(const std::string& text) {
    for (const auto protocol :
         {wire::IpProtocol::icmp, wire::IpProtocol::tcp, wire::IpProtocol::udp}) {
        if (text == wire::name(protocol)) {
            return protocol;
        }
    }
    unsigned number = 0;
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || parsed != end || number > 255) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' is no IP protocol; give icmp, tcp, udp, or a number from 0 to 255", text));
    }
    return wire::IpProtocol(number);
}

absl::StatusOr<uint16_t> check_port(uint32_t port, std::string_view which) {
    if (port > 0xffff) {
        return absl::InvalidArgumentError(
            fmt::format("{} port {} is out of range; ports are 0 to 65535", which, port));
    }
    return uint16_t(port);
}

bool FlowMatch::matches(const graph::Packet& packet) const noexcept {
    const graph::Metadata& meta = packet.meta();
    uint16_t l3 = meta.l3_offset;
    if (l3 == 0 && !meta.has(graph::packet_flag::local_origin)) {
        const auto* ethernet = wire::view<wire::EthernetHeader>(packet.bytes());
        if (ethernet == nullptr || ethernet->ether_type() != wire::EtherType::ip4) {
            return false;
        }
        l3 = sizeof(wire::EthernetHeader);
    }
    const auto bytes = packet.from_offset(l3);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr || ip->version() != 4 ||
        (flow_.source && !flow_.source->contains(ip->source)) ||
        (flow_.destination && !flow_.destination->contains(ip->destination)) ||
        (flow_.protocol && *flow_.protocol != ip->protocol())) {
        return false;
    }
    if (!flow_.source_port && !flow_.destination_port) {
        return true;
    }
    return ip->has_l4_header() &&
           ports_match(wire::after(bytes, ip->header_length()), ip->protocol());
}

bool FlowMatch::ports_match(std::span<const std::byte> segment,
                            wire::IpProtocol protocol) const noexcept {
    if (protocol != wire::IpProtocol::tcp && protocol != wire::IpProtocol::udp) {
        return false;
    }
    // TCP begins with the same two ports.
    const auto* ports = wire::view<wire::UdpHeader>(segment);
    return ports != nullptr &&
           (!flow_.source_port || ports->source_port.value() == *flow_.source_port) &&
           (!flow_.destination_port || ports->destination_port.value() == *flow_.destination_port);
}

}  // namespace vnet::service
