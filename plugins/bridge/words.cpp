// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/words.hpp"

#include "vnet/wire/arp.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/nd.hpp"
#include "vnet/wire/nd_options.hpp"

namespace bridge {

using vnet::wire::after;
using vnet::wire::EthernetHeader;
using vnet::wire::EtherType;
using vnet::wire::Icmp6Type;
using vnet::wire::Ip6Address;
using vnet::wire::Ip6Header;
using vnet::wire::MacAddress;
using vnet::wire::NeighborAdvertisement;
using vnet::wire::NeighborSolicitation;
using vnet::wire::view;

namespace {

constexpr size_t advertisement_bytes =
    sizeof(EthernetHeader) + sizeof(Ip6Header) + sizeof(NeighborAdvertisement) + 8;

Words arp_words(const EthernetHeader& ethernet, std::span<const std::byte> payload) noexcept {
    Words words;
    const auto arp = vnet::wire::check_arp(payload);
    if (arp.fault != vnet::wire::ArpFault::none || arp.header->sender_mac != ethernet.source) {
        return words;
    }
    words.kind = Words::Kind::arp;
    if (arp.header->is_probe()) {
        return words;
    }
    words.says = true;
    words.address = Ip6Address::mapped(arp.header->sender_ip);
    words.facts.mac = arp.header->sender_mac.to_uint64();
    words.asks = arp.header->is_request() && !arp.header->is_announcement() &&
                 ethernet.destination.is_multicast() && arp.header->target_ip.valid_source();
    words.target = Ip6Address::mapped(arp.header->target_ip);
    return words;
}

void hear_solicitation(const Ip6Header& ip, std::span<const std::byte> message, bool to_all,
                       Words& words) noexcept {
    words.target = view<NeighborSolicitation>(message)->target;
    words.asks = to_all && !ip.source.is_unspecified();
    vnet::wire::NdOptionsCursor options(after(message, sizeof(NeighborSolicitation)));
    while (const auto option = options.next()) {
        words.asks &= option->type != vnet::wire::NdOptionType::nonce;
    }
}

void hear_advertisement(const EthernetHeader& ethernet, std::span<const std::byte> message,
                        Words& words) noexcept {
    const auto& advertisement = *view<NeighborAdvertisement>(message);
    vnet::wire::NdOptionsCursor options(after(message, sizeof(advertisement)));
    while (const auto option = options.next()) {
        if (option->type == vnet::wire::NdOptionType::target_link_address &&
            option->mac() == ethernet.source) {
            words.says = true;
        }
    }
    words.address = advertisement.target;
    words.facts.mac = ethernet.source.to_uint64();
    words.facts.router = advertisement.from_router();
    words.facts.overrides = advertisement.overrides();
}

Words nd_words(const EthernetHeader& ethernet, std::span<const std::byte> payload) noexcept {
    Words words;
    if (vnet::wire::check_ip6(payload) != vnet::wire::Ip6Fault::none) {
        return words;
    }
    const auto& ip = *view<Ip6Header>(payload);
    if (ip.next_header() != vnet::wire::IpProtocol::icmp6) {
        return words;
    }
    const auto message = payload.subspan(sizeof(ip), ip.payload_length.value());
    const auto* icmp = view<vnet::wire::Icmp6Header>(message);
    if (icmp == nullptr || (icmp->type() != Icmp6Type::neighbor_solicitation &&
                            icmp->type() != Icmp6Type::neighbor_advertisement)) {
        return words;
    }
    if (vnet::wire::check_nd(ip, message) != vnet::wire::NdFault::none ||
        !vnet::wire::l4_checksum_ok(ip.source, ip.destination, vnet::wire::IpProtocol::icmp6,
                                    message)) {
        return words;
    }
    words.kind = Words::Kind::nd;
    if (icmp->type() == Icmp6Type::neighbor_solicitation) {
        hear_solicitation(ip, message, ethernet.destination.is_multicast(), words);
    } else {
        hear_advertisement(ethernet, message, words);
    }
    return words;
}

void answer_arp(std::span<std::byte> frame, const MacAddress& mac) noexcept {
    auto& ethernet = *view<EthernetHeader>(frame);
    auto& arp = *view<vnet::wire::ArpHeader>(after(frame, sizeof(ethernet)));
    const vnet::wire::ArpHeader asked = arp;
    arp = vnet::wire::ArpHeader::make(vnet::wire::ArpOperation::reply);
    arp.sender_mac = mac;
    arp.sender_ip = asked.target_ip;
    arp.target_mac = asked.sender_mac;
    arp.target_ip = asked.sender_ip;
    ethernet.destination = ethernet.source;
    ethernet.source = mac;
}

void answer_nd(std::span<std::byte> frame, const MacAddress& mac, bool router) noexcept {
    auto& ethernet = *view<EthernetHeader>(frame);
    auto& ip = *view<Ip6Header>(after(frame, sizeof(ethernet)));
    const auto message = after(frame, sizeof(ethernet) + sizeof(ip));
    const Ip6Address target = view<NeighborSolicitation>(message)->target;
    const Ip6Address asker = ip.source;
    ip = Ip6Header();
    ip.payload_length = vnet::wire::Be16(uint16_t(message.size()));
    ip.next_header_number = uint8_t(vnet::wire::IpProtocol::icmp6);
    ip.hop_limit = 255;
    ip.source = target;
    ip.destination = asker;
    auto& advertisement = *view<NeighborAdvertisement>(message);
    advertisement = NeighborAdvertisement();
    advertisement.flags =
        uint8_t(NeighborAdvertisement::solicited_flag | NeighborAdvertisement::override_flag |
                (router ? NeighborAdvertisement::router_flag : 0));
    advertisement.target = target;
    vnet::wire::NdOptionsWriter(after(message, sizeof(advertisement)))
        .link_address(vnet::wire::NdOptionType::target_link_address, mac);
    advertisement.checksum =
        l4_checksum(ip.source, ip.destination, vnet::wire::IpProtocol::icmp6, message);
    ethernet.destination = ethernet.source;
    ethernet.source = mac;
}

}  // namespace

Words words_of(std::span<const std::byte> frame) noexcept {
    const auto* ethernet = view<EthernetHeader>(frame);
    if (ethernet == nullptr) {
        return {};
    }
    const auto payload = after(frame, sizeof(EthernetHeader));
    switch (ethernet->ether_type()) {
        case EtherType::arp:
            return arp_words(*ethernet, payload);
        case EtherType::ip6:
            return nd_words(*ethernet, payload);
        default:
            return {};
    }
}

bool answer(graph::Packet& packet, const HostFacts& facts) noexcept {
    const MacAddress mac = MacAddress::from_uint64(facts.mac);
    if (view<EthernetHeader>(packet.bytes())->ether_type() == EtherType::arp) {
        answer_arp(packet.bytes(), mac);
        return true;
    }
    if (!packet.resize(uint32_t(advertisement_bytes))) {
        return false;
    }
    answer_nd(packet.bytes(), mac, facts.router);
    return true;
}

}  // namespace bridge
