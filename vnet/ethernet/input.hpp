// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/ethernet/ether_types.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::ethernet {

/// Takes in Ethernet II frames (RFC 894): is the frame for us, and who is next by its type. Sets
/// Metadata::l2_offset, l3_offset and packet_flag::l2_group; the bytes stay as they are.
class Input {
public:
    enum class Next : graph::Edge { ip4, ip6, arp };
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
        "ethernet-input",
        {{Next::ip4, "ip4-input"}, {Next::ip6, "ip6-input"}, {Next::arp, "arp-input"}},
        {{Drop::too_short, "too-short", "fewer bytes than an Ethernet header"},
         {Drop::interface_down, "interface-down", "the interface it came in by is down"},
         {Drop::not_for_us, "not-for-us", "addressed to another station"},
         {Drop::bad_source, "bad-source-mac", "the source address is a group address"},
         {Drop::not_ethernet_ii, "not-ethernet-ii", "an IEEE 802.3 frame with a length for a type"},
         {Drop::unknown_vlan, "unknown-vlan", "tagged with a VLAN that no interface has"},
         {Drop::unknown_type, "unknown-ethertype", "nobody takes in frames of its type"}});

    Input(const interface::Table& table, const EtherTypes& types) : table_(table), types_(types) {}

    /// What is known of the interface of the packets at hand.
    class Pass {
    public:
        Pass(const Input& node, graph::Dispatch&) noexcept : table_(node.table_) {}

    private:
        friend class Input;
        void turn_to(interface::Index index) noexcept;

        const interface::Table& table_;
        interface::Index index_ = graph::no_interface;
        bool up_ = false;
        /// In the order of a frame.
        uint64_t mac_ = 0;
        /// More than 16 bits where the interface is down: no frame has this type, and all take the
        /// slow path.
        uint32_t wanted_type_ = no_type;
        uint32_t wanted_type6_ = no_type;
        static constexpr uint32_t no_type = 0x1'0000;
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;
    static graph::TraceFields format(const graph::TraceStep& step);

private:
    graph::To<Next, Drop> classify(graph::Packet& packet, const Pass& pass) const noexcept;

    const interface::Table& table_;
    const EtherTypes& types_;
};

}  // namespace vnet::ethernet

extern template void graph::drive<vnet::ethernet::Input>(const void*, graph::Dispatch&,
                                                         graph::Frame&) noexcept;
