// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/packet.hpp"
#include "vnet/wire/checksum.hpp"

namespace vnet {

/// Adds a packet's bytes from `offset` on, which may lie in several segments; the first of them is
/// in the first segment.
inline wire::InternetSum add_packet(wire::InternetSum sum, const graph::Packet& packet,
                                    uint16_t offset) noexcept {
    sum.add(packet.from_offset(offset));
    for (const rte_mbuf* segment = packet.mbuf()->next; segment != nullptr;
         segment = segment->next) {
        sum.add({rte_pktmbuf_mtod(segment, const std::byte*), segment->data_len});
    }
    return sum;
}

}  // namespace vnet
