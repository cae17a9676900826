// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/geneve/encap.hpp"
#include "vnet/tunnel/finder.hpp"

namespace geneve {

/// Takes frames and packets out from behind a Geneve header: "geneve4-decap" and "geneve6-decap".
template <class Family>
class Decap {
public:
    enum class Next : graph::Edge { ip4, ip6 };
    enum class Drop : graph::Edge {
        truncated,
        version,
        checksum,
        control,
        no_tunnel,
        bad_options,
        unknown_critical,
        not_carried,
        nesting,
        down,
        congestion
    };
    static constexpr auto info = graph::node<Next, Drop>(
        std::is_same_v<Family, vnet::ip4::Family> ? "geneve4-decap" : "geneve6-decap",
        {{Next::ip4, "ip4-input"}, {Next::ip6, "ip6-input"}},
        {{Drop::truncated, "truncated", "shorter than its headers, or than a frame"},
         {Drop::version, "bad-version", "another version of Geneve than 0"},
         {Drop::checksum, "bad-checksum", "the UDP checksum is wrong"},
         {Drop::control, "control", "a control message, which carries nothing"},
         {Drop::no_tunnel, "no-tunnel", "no tunnel has these ends and this VNI"},
         {Drop::bad_options, "bad-options",
          "an option is longer than what is left of them, or a mark has more than 23 bits"},
         {Drop::unknown_critical, "unknown-critical",
          "a critical option that the tunnel does not know (RFC 8926 3.5)"},
         {Drop::not_carried, "not-carried",
          "a protocol that the tunnel does not carry: IP in one for Ethernet, or neither"},
         {Drop::nesting, "nesting", vnet::tunnel::arrival_drop::nesting},
         {Drop::down, "tunnel-down", vnet::tunnel::arrival_drop::down},
         {Drop::congestion, "congestion", vnet::tunnel::arrival_drop::congestion}});

    /// `arc` is "device-input", where frames begin.
    Decap(vnet::interface::Table& table, const vnet::tunnel::PointToPoint& tunnels,
          const TunnelOptions& options, graph::ArcId arc)
        : table_(table), tunnels_(tunnels), options_(options), arc_(arc) {}

    class Pass : public vnet::tunnel::Finder<Family> {
        using Base = vnet::tunnel::Finder<Family>;

    public:
        Pass(const Decap& node, graph::Dispatch& dispatch) noexcept
            : Base(node.table_, node.tunnels_, dispatch), frames_(dispatch.entrance(node.arc_)) {}

    private:
        friend class Decap;
        graph::ArcEntrance frames_;
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;
    /// VNI and options of the packet.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    vnet::interface::Table& table_;
    const vnet::tunnel::PointToPoint& tunnels_;
    const TunnelOptions& options_;
    const graph::ArcId arc_;
    const Options none_;
};

extern template class Decap<vnet::ip4::Family>;
extern template class Decap<vnet::ip6::Family>;

}  // namespace geneve
