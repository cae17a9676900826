// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/flow_match.hpp"

#include <fmt/format.h>

#include <charconv>

#include "vnet/capture/link_layer.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::service {

absl::StatusOr<wire::IpProtocol> parse_protocol(const std::string& text) {
    for (const auto protocol : {wire::IpProtocol::icmp, wire::IpProtocol::icmp6,
                                wire::IpProtocol::tcp, wire::IpProtocol::udp}) {
        if (text == wire::name(protocol)) {
            return protocol;
        }
    }
    unsigned number = 0;
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || parsed != end || number > 255) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' is no IP protocol; give icmp, icmp6, tcp, udp, or a number from 0 to 255", text));
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

namespace {
/// `Of` is the family's prefix.
template <class Of, class Address>
bool contains(const std::optional<FlowMatch::Prefix>& prefix, Address address) noexcept {
    if (!prefix) {
        return true;
    }
    const auto* of_family = std::get_if<Of>(&*prefix);
    return of_family != nullptr && of_family->contains(address);
}
}  // namespace

bool FlowMatch::matches(const graph::Packet& packet) const noexcept {
    const graph::Metadata& meta = packet.meta();
    uint16_t l3 = meta.l3_offset;
    if (l3 == 0 && capture::link_layer_of(meta) == capture::LinkLayer::ethernet) {
        const auto* ethernet = wire::view<wire::EthernetHeader>(packet.bytes());
        if (ethernet == nullptr || (ethernet->ether_type() != wire::EtherType::ip4 &&
                                    ethernet->ether_type() != wire::EtherType::ip6)) {
            return false;
        }
        l3 = sizeof(wire::EthernetHeader);
    }
    const auto bytes = packet.from_offset(l3);
    if (bytes.empty()) {
        return false;
    }
    switch (uint8_t(bytes[0]) >> 4) {
        case 4:
            return matches_ip4(bytes);
        case 6:
            return matches_ip6(bytes);
        default:
            return false;
    }
}

bool FlowMatch::matches_ip4(std::span<const std::byte> packet) const noexcept {
    const auto* ip = wire::view<wire::Ip4Header>(packet);
    if (ip == nullptr || !contains<wire::Ip4Prefix>(flow_.source, ip->source) ||
        !contains<wire::Ip4Prefix>(flow_.destination, ip->destination) ||
        (flow_.protocol && *flow_.protocol != ip->protocol())) {
        return false;
    }
    if (!flow_.source_port && !flow_.destination_port) {
        return true;
    }
    return ip->has_l4_header() &&
           ports_match(wire::after(packet, ip->header_length()), ip->protocol());
}

bool FlowMatch::matches_ip6(std::span<const std::byte> packet) const noexcept {
    const auto* ip = wire::view<wire::Ip6Header>(packet);
    if (ip == nullptr || !contains<wire::Ip6Prefix>(flow_.source, ip->source) ||
        !contains<wire::Ip6Prefix>(flow_.destination, ip->destination)) {
        return false;
    }
    const bool ports = flow_.source_port || flow_.destination_port;
    if (!flow_.protocol && !ports) {
        return true;
    }
    const wire::Ip6Chain chain = wire::walk_ip6(packet);
    if (chain.fault != wire::Ip6ChainFault::none) {
        return false;
    }
    if (flow_.protocol && *flow_.protocol != chain.upper &&
        !(*flow_.protocol == wire::IpProtocol::icmp && chain.upper == wire::IpProtocol::icmp6)) {
        return false;
    }
    return !ports || (chain.has_l4_header &&
                      ports_match(wire::after(packet, chain.upper_offset), chain.upper));
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
