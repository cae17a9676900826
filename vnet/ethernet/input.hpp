// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/ethernet/ether_types.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::ethernet {

/// Takes in Ethernet II frames (RFC 894): is the frame for us, and who is next by its type. Sets
/// Metadata::l2_offset, l3_offset and packet_flag::l2_group; the bytes stay as they are.
class Input {
public:
    enum class Next : graph::Edge { ip4, arp };
    enum class Drop : graph::Edge {
        too_short,
        interface_down,
        not_for_us,
        bad_source,
        not_ethernet_ii,
        unknown_vlan,
        unknown_type
    };
    static constexpr auto info = graph::node<Next, Drop>(
        "ethernet-input", {{Next::ip4, "ip4-input"}, {Next::arp, "arp-input"}},
        {{Drop::too_short, "too-short", "fewer bytes than an Ethernet header"},
         {Drop::interface_down, "interface-down", "the interface it came in by is down"},
         {Drop::not_for_us, "not-for-us", "addressed to another station"},
         {Drop::bad_source, "bad-source-mac", "the source address is a group address"},
         {Drop::not_ethernet_ii, "not-ethernet-ii", "an IEEE 802.3 frame with a length for a type"},
         {Drop::unknown_vlan, "unknown-vlan", "tagged with a VLAN that no interface has"},
         {Drop::unknown_type, "unknown-ethertype", "nobody takes in frames of its type"}});

    Input(const interface::Table& table, const EtherTypes& types) : table_(table), types_(types) {}

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;

private:
    graph::Hop classify(graph::Packet& packet, bool up, uint64_t mac) const noexcept;

    const interface::Table& table_;
    const EtherTypes& types_;
};

}  // namespace vnet::ethernet
