// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "vnet/wire/ethernet.hpp"

namespace vnet::tunnel {

/// The IP packet that an Ethernet frame carries, behind up to two VLAN tags; empty where it carries
/// something else.
template <class Byte>
[[nodiscard]] std::span<Byte> ip_in_frame(std::span<Byte> frame) noexcept {
    const auto* header = wire::view<wire::EthernetHeader>(std::span<const std::byte>(frame));
    if (header == nullptr) {
        return {};
    }
    wire::EtherType type = header->ether_type();
    size_t at = sizeof(wire::EthernetHeader);
    for (unsigned tags = 0; tags < 2; ++tags) {
        const auto* tag =
            wire::view<wire::VlanTag>(std::span<const std::byte>(wire::after(frame, at)));
        if ((type != wire::EtherType::vlan && type != wire::EtherType::qinq) || tag == nullptr) {
            break;
        }
        type = tag->ether_type();
        at += sizeof(wire::VlanTag);
    }
    return type == wire::EtherType::ip4 || type == wire::EtherType::ip6 ? wire::after(frame, at)
                                                                        : std::span<Byte>();
}

}  // namespace vnet::tunnel
