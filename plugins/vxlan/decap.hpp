// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/vxlan/segment_tables.hpp"
#include "vnet/tunnel/finder.hpp"

namespace vxlan {

template <class Family>
inline constexpr const char* decap_name =
    std::is_same_v<Family, vnet::ip4::Family> ? "vxlan4-decap" : "vxlan6-decap";

/// Takes frames out of UDP: "vxlan4-decap" and "vxlan6-decap" (RFC 7348 4).
template <class Family>
class Decap {
public:
    enum class Drop : graph::Edge {
        truncated,
        checksum,
        no_vni,
        unknown_vni,
        unexpected_peer,
        nesting,
        down,
        congestion
    };
    static constexpr auto info = graph::node<Drop>(
        decap_name<Family>,
        {{Drop::truncated, "truncated", "too short for a VXLAN header and an Ethernet header"},
         {Drop::checksum, "bad-checksum", "the UDP checksum is wrong"},
         {Drop::no_vni, "no-vni", "its header says that it has no VNI"},
         {Drop::unknown_vni, "unknown-vni", "no tunnel has these ends and this VNI"},
         {Drop::unexpected_peer, "unexpected-peer",
          "not one of the tunnel's ends, and the tunnel learns of no others"},
         {Drop::nesting, "nesting", vnet::tunnel::arrival_drop::nesting},
         {Drop::down, "tunnel-down", vnet::tunnel::arrival_drop::down},
         {Drop::congestion, "congestion", vnet::tunnel::arrival_drop::congestion}});

    /// `arc` is "device-input", where frames begin.
    Decap(vnet::interface::Table& table, const vnet::tunnel::PointToPoint& tunnels,
          SegmentTables& segments, graph::ArcId arc)
        : table_(table), tunnels_(tunnels), segments_(segments), arc_(arc) {}

    class Pass : public vnet::tunnel::Finder<Family> {
        using Base = vnet::tunnel::Finder<Family>;

    public:
        Pass(const Decap& node, graph::Dispatch& dispatch) noexcept
            : Base(node.table_, node.tunnels_, dispatch),
              node_(node),
              dispatch_(dispatch),
              frames_(dispatch.entrance(node.arc_)),
              macs_(node.segments_.macs.view()),
              now_(vnet::learning::tick_of(dispatch.now_tsc())) {}

    private:
        friend class Decap;
        /// The tunnel between two where there is one, else the one to many.
        Index look_up(Index found, const typename Base::Key& key) noexcept;
        /// Notes where a station is.
        void hear(const graph::Packet& packet) noexcept;

        const Decap& node_;
        graph::Dispatch& dispatch_;
        graph::ArcEntrance frames_;
        vnet::learning::MacTable::View macs_;
        const vnet::learning::Tick now_;
        /// Of a multipoint tunnel, where it is known.
        Remote remote_ = 0;
        bool learns_ = false;
        bool is_expected_ = true;
    };
    graph::To<graph::NoNext, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;

private:
    vnet::interface::Table& table_;
    const vnet::tunnel::PointToPoint& tunnels_;
    SegmentTables& segments_;
    const graph::ArcId arc_;
};

extern template class Decap<vnet::ip4::Family>;
extern template class Decap<vnet::ip6::Family>;

}  // namespace vxlan

extern template void graph::drive<vxlan::Decap<vnet::ip4::Family>>(const void*, graph::Dispatch&,
                                                                   graph::Frame&) noexcept;
extern template void graph::drive<vxlan::Decap<vnet::ip6::Family>>(const void*, graph::Dispatch&,
                                                                   graph::Frame&) noexcept;
