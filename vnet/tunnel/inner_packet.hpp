// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/packet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::tunnel {

/// The version of the IP packet that the rewrite in front of a tunnel sent; 0 for anything else,
/// such as a frame that somebody made for a link.
inline unsigned ip_version(const graph::Packet& packet) noexcept {
    if (packet.meta().l3_offset != 0 || packet.segment_length() < sizeof(wire::Ip4Header))
        [[unlikely]] {
        return 0;
    }
    const unsigned version = uint8_t(*packet.data()) >> 4;
    return version == 4 || (version == 6 && packet.segment_length() >= sizeof(wire::Ip6Header))
               ? version
               : 0;
}

}  // namespace vnet::tunnel
