// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/vxlan/segment_tables.hpp"

namespace vxlan {

/// Puts frames into multipoint tunnels: to the end that their station is behind, or a copy to each
/// that gets what is for all. "vxlan-multipoint-encap".
class SegmentEncap {
public:
    /// Those of all tunnels first.
    enum class Drop : graph::Edge {
        gone = graph::Edge(EncapDrop::gone),
        not_carried = graph::Edge(EncapDrop::not_carried),
        loop = graph::Edge(EncapDrop::loop),
        nesting = graph::Edge(EncapDrop::nesting),
        no_headroom = graph::Edge(EncapDrop::no_headroom),
        too_long = graph::Edge(EncapDrop::too_long),
        no_remote,
        no_buffer
    };
    static constexpr auto info = graph::node<Drop>(
        "vxlan-multipoint-encap",
        {{Drop::gone, "tunnel-gone", "the tunnel, or its other end, is not there any more"},
         {Drop::not_carried, "not-carried", "shorter than an Ethernet header"},
         {Drop::loop, "tunnel-loop",
          "the way to the tunnel's other end leads through the tunnel itself"},
         {Drop::nesting, "nesting", "the router put it into four tunnels already"},
         {Drop::no_headroom, "no-headroom", "no room in front of it for the outer headers"},
         {Drop::too_long, "too-long", "with the outer headers it is longer than 65535 bytes"},
         {Drop::no_remote, "no-remote",
          "nobody knows its station, and nobody is to get what is for all"},
         {Drop::no_buffer, "no-buffer", "no packet buffer was free for a copy"}});

    SegmentEncap(const vnet::tunnel::Exits& exits, SegmentTables& tables)
        : exits_(exits), tables_(tables) {}

    class Pass : public vnet::tunnel::Departure {
    public:
        Pass(const SegmentEncap& node, graph::Dispatch& dispatch) noexcept
            : Departure(node.exits_, dispatch),
              dispatch_(dispatch),
              macs_(node.tables_.macs.view()) {}

    private:
        friend class SegmentEncap;
        graph::Dispatch& dispatch_;
        vnet::learning::MacTable::View macs_;
    };
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;

private:
    graph::To<graph::NoNext, Drop> send(graph::Packet& packet, Remote remote,
                                        const vnet::tunnel::Heading& heading,
                                        Pass& pass) const noexcept;
    graph::To<graph::NoNext, Drop> flood(graph::Packet& packet,
                                         const vnet::tunnel::Heading& heading,
                                         Pass& pass) const noexcept;

    const vnet::tunnel::Exits& exits_;
    SegmentTables& tables_;
};

}  // namespace vxlan

extern template void graph::drive<vxlan::SegmentEncap>(const void*, graph::Dispatch&,
                                                       graph::Frame&) noexcept;
