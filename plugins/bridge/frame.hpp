// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include "graph/packet.hpp"
#include "plugins/bridge/mac_table.hpp"
#include "vnet/device/link_bytes.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/wire/ethernet.hpp"

namespace bridge {

/// The frame's header; null where it is too short for one.
inline const vnet::wire::EthernetHeader* header_of(const graph::Packet& packet) noexcept {
    return vnet::wire::view<vnet::wire::EthernetHeader>(packet.data(), packet.segment_length());
}

/// A frame's addresses, each in the low 48 bits: read in two loads, for one at a time.
struct Macs {
    uint64_t destination;
    uint64_t source;

    explicit Macs(const vnet::wire::EthernetHeader& header) noexcept
        : destination(eight_bytes(header, 0) >> 16), source(eight_bytes(header, 4) & mac_mask) {}

private:
    static constexpr uint64_t mac_mask = 0xffff'ffff'ffff;
    static uint64_t eight_bytes(const vnet::wire::EthernetHeader& header, size_t offset) noexcept {
        vnet::wire::Be64 number;
        std::memcpy(&number, vnet::wire::bytes_of(header).data() + offset, sizeof(number));
        return number.value();
    }
};

/// Of an address in the low 48 bits of a number: a group's (IEEE 802 8.2).
constexpr bool is_group(uint64_t mac) noexcept {
    return (mac >> 40 & 1) != 0;
}
/// Groups that stay on a link: 01:80:c2:00:00:00 to :0f (IEEE 802.1Q 8.6.3).
constexpr bool is_link_local(uint64_t mac) noexcept {
    return (mac & 0xffff'ffff'fff0) == 0x0180'c200'0000;
}

/// Bytes of the longest frame that a port is to send.
inline uint32_t longest(const vnet::interface::Hot& port) noexcept {
    return port.mtu.load(std::memory_order_relaxed) + vnet::device::ethernet_bytes +
           vnet::device::vlan_bytes;
}

/// Counts a frame that goes to the router as one that the bridge's interface received.
inline void count_received(vnet::interface::Table& table, unsigned worker,
                           vnet::interface::Index bridge, const graph::Packet& packet) noexcept {
    vnet::interface::Counters& counters = table.counters(worker, bridge);
    counters.rx_packets.add(1);
    counters.rx_bytes.add(packet.length());
}

}  // namespace bridge
