// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/nodes.hpp"

#include "plugins/dhcp-client/message.hpp"
#include "vnet/wire/arp.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/udp.hpp"

namespace dhcp_client {

namespace {

namespace wire = vnet::wire;
using Bytes = std::span<const std::byte>;

/// UDP header and data of an IPv4 packet whose structure was checked.
Bytes udp_of(Bytes packet) noexcept {
    const auto& ip = *wire::view<wire::Ip4Header>(packet);
    return packet.first(ip.total_length.value()).subspan(ip.header_length());
}

}  // namespace

bool Listen::is_for_client(graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    constexpr uint16_t l3 = sizeof(wire::EthernetHeader);
    const auto* frame = wire::view<wire::EthernetHeader>(packet.bytes());
    const auto* ip = wire::view<wire::Ip4Header>(packet.from_offset(l3));
    if (ip == nullptr || ip->protocol() != wire::IpProtocol::udp || ip->is_fragment()) {
        return false;
    }
    const auto l4 = uint16_t(l3 + ip->header_length());
    const auto* udp = wire::view<wire::UdpHeader>(packet.from_offset(l4));
    if (udp == nullptr || udp->destination_port.value() != client_port) {
        return false;
    }
    const uint64_t own = table_.hot(meta.rx_interface).mac.load(std::memory_order_relaxed);
    if (!frame->destination.is_multicast() && frame->destination.to_uint64() != own) {
        return false;
    }
    meta.l2_offset = 0;
    meta.l3_offset = l3;
    meta.l4_offset = l4;
    return true;
}

void Listen::look_at_arp(const graph::Packet& packet) const noexcept {
    const auto [arp, fault] = wire::check_arp(packet.from_offset(sizeof(wire::EthernetHeader)));
    if (fault == wire::ArpFault::none) {
        // Who probes for the address wants it as well (RFC 5227 2.1.1).
        const wire::Ip4Address address = arp->is_probe() ? arp->target_ip : arp->sender_ip;
        watch_.heard(packet.meta().rx_interface, address, arp->sender_mac);
    }
}

graph::To<Listen::Next> Listen::operator()(graph::Packet& packet,
                                           graph::Dispatch& dispatch) const noexcept {
    const auto* frame = wire::view<wire::EthernetHeader>(packet.bytes());
    if (frame != nullptr && packet.meta().rx_interface < graph::max_interfaces) {
        if (frame->ether_type() == wire::EtherType::ip4 && is_for_client(packet)) {
            return Next::input;
        }
        if (frame->ether_type() == wire::EtherType::arp) {
            look_at_arp(packet);
        }
    }
    return dispatch.next_feature(packet);
}

graph::To<graph::NoNext, Input::Drop> Input::preview(const graph::Packet& packet) const noexcept {
    const Bytes bytes = packet.from_offset(packet.meta().l3_offset);
    const auto* ip = wire::view<wire::Ip4Header>(bytes);
    if (ip == nullptr || wire::check_structure(*ip, bytes.size()) != wire::Ip4Fault::none) {
        return Drop::malformed;
    }
    const Bytes segment = udp_of(bytes);
    const auto* udp = wire::view<wire::UdpHeader>(segment);
    if (udp == nullptr || !udp->length_fits(segment.size())) {
        return Drop::malformed;
    }
    if (!wire::ip4_header_checksum_ok(bytes) ||
        (udp->has_checksum() &&
         !wire::l4_checksum_ok(ip->source, ip->destination, wire::IpProtocol::udp,
                               segment.first(udp->length.value())))) {
        return Drop::bad_checksum;
    }
    switch (check(segment.first(udp->length.value()).subspan(sizeof(wire::UdpHeader)))) {
        case Fault::none:
            return graph::Hop::consumed();
        case Fault::kind:
            return Drop::not_a_reply;
        case Fault::options:
            return Drop::bad_options;
        case Fault::truncated:
            break;
    }
    return Drop::truncated;
}

graph::To<graph::NoNext, Input::Drop> Input::operator()(graph::Packet& packet,
                                                        graph::Dispatch& dispatch) const noexcept {
    const auto hop = preview(packet);
    if (graph::Hop(hop).is_drop()) {
        return hop;
    }
    if (!limit_.allows(dispatch.now_tsc())) {
        return Drop::rate_limited;
    }
    if (!to_control_.push(packet)) {
        return Drop::queue_full;
    }
    return graph::Hop::consumed();
}

Bytes message_of(const graph::Packet& packet) noexcept {
    const Bytes segment = udp_of(packet.from_offset(packet.meta().l3_offset));
    const auto& udp = *wire::view<wire::UdpHeader>(segment);
    return segment.first(udp.length.value()).subspan(sizeof(wire::UdpHeader));
}

}  // namespace dhcp_client
