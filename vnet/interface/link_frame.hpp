// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/packet.hpp"
#include "vnet/interface/device.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vnet::interface {

/// Makes a frame, which control has made for a link, what the device sends: whole, or, by one that
/// carries no Ethernet, the IP packet in it. False for one that carries no IP either, which nobody
/// is on the link to hear. Control thread.
[[nodiscard]] inline bool fit_to_link(const Device& device, graph::Packet& packet) {
    if (device.carries_ethernet()) {
        return true;
    }
    const auto* frame = wire::view<wire::EthernetHeader>(std::as_const(packet).bytes());
    const bool is_ip = frame != nullptr && (frame->ether_type() == wire::EtherType::ip4 ||
                                            frame->ether_type() == wire::EtherType::ip6);
    return is_ip && packet.move_start(sizeof(wire::EthernetHeader));
}

}  // namespace vnet::interface
