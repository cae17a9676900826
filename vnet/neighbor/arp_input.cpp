// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/arp_input.hpp"

#include "vnet/wire/arp.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::neighbor {

namespace {
ArpInput::Drop reason(wire::ArpFault fault) noexcept {
    switch (fault) {
        case wire::ArpFault::hardware_type:
            return ArpInput::Drop::hardware_type;
        case wire::ArpFault::protocol_type:
            return ArpInput::Drop::protocol_type;
        case wire::ArpFault::hardware_length:
            return ArpInput::Drop::hardware_length;
        case wire::ArpFault::protocol_length:
            return ArpInput::Drop::protocol_length;
        case wire::ArpFault::operation:
            return ArpInput::Drop::operation;
        case wire::ArpFault::sender_mac:
            return ArpInput::Drop::sender_mac;
        case wire::ArpFault::sender_ip:
            return ArpInput::Drop::sender_ip;
        case wire::ArpFault::none:
        case wire::ArpFault::truncated:
            break;
    }
    return ArpInput::Drop::truncated;
}
}  // namespace

graph::To<graph::NoNext, ArpInput::Drop> ArpInput::preview(
    const graph::Packet& packet) const noexcept {
    const auto [arp, fault] = wire::check_arp(packet.from_offset(packet.meta().l3_offset));
    if (fault != wire::ArpFault::none) {
        return reason(fault);
    }
    const auto* ethernet =
        wire::view<wire::EthernetHeader>(packet.from_offset(packet.meta().l2_offset));
    if (ethernet == nullptr || ethernet->source != arp->sender_mac) {
        return Drop::spoofed_mac;
    }
    return graph::Hop::consumed();
}

graph::To<graph::NoNext, ArpInput::Drop> ArpInput::operator()(
    graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    const auto hop = preview(packet);
    if (graph::Hop(hop).is_drop()) {
        return hop;
    }
    const auto* arp = wire::view<wire::ArpHeader>(packet.from_offset(packet.meta().l3_offset));
    if (!limits_.allows_neighbor(known_.has(packet, arp->sender_ip), dispatch.worker(),
                                 dispatch.now_tsc())) {
        return Drop::rate_limited;
    }
    if (!to_control_.push(packet)) {
        return Drop::queue_full;
    }
    return graph::Hop::consumed();
}

}  // namespace vnet::neighbor
