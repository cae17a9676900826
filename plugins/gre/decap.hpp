// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "plugins/gre/encap.hpp"
#include "plugins/gre/heard_numbers.hpp"
#include "vnet/tunnel/finder.hpp"

namespace gre {

/// The nodes of both underlays, by name.
template <class Family>
struct Nodes;
template <>
struct Nodes<vnet::ip4::Family> {
    static constexpr const char* ipip = "ipip4-decap";
    static constexpr const char* gre = "gre4-decap";
};
template <>
struct Nodes<vnet::ip6::Family> {
    static constexpr const char* ipip = "ipip6-decap";
    static constexpr const char* gre = "gre6-decap";
};

/// Takes IP packets out of IP packets: "ipip4-decap" and "ipip6-decap".
template <class Family>
class IpipDecap {
public:
    enum class Next : graph::Edge { ip4, ip6 };
    enum class Drop : graph::Edge { no_tunnel, nesting, down, congestion };
    static constexpr auto info = graph::node<Next, Drop>(
        Nodes<Family>::ipip, {{Next::ip4, "ip4-input"}, {Next::ip6, "ip6-input"}},
        {{Drop::no_tunnel, "no-tunnel", "no tunnel has these ends"},
         {Drop::nesting, "nesting", vnet::tunnel::arrival_drop::nesting},
         {Drop::down, "tunnel-down", vnet::tunnel::arrival_drop::down},
         {Drop::congestion, "congestion", vnet::tunnel::arrival_drop::congestion}});

    IpipDecap(vnet::interface::Table& table, const vnet::tunnel::PointToPoint& tunnels)
        : table_(table), tunnels_(tunnels) {}

    class Pass : public vnet::tunnel::Finder<Family> {
        using Base = vnet::tunnel::Finder<Family>;

    public:
        Pass(const IpipDecap& node, graph::Dispatch& dispatch) noexcept
            : Base(node.table_, node.tunnels_, dispatch) {}
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;

private:
    vnet::interface::Table& table_;
    const vnet::tunnel::PointToPoint& tunnels_;
};

/// Takes packets and Ethernet frames out from behind a GRE header: "gre4-decap" and "gre6-decap".
template <class Family>
class GreDecap {
public:
    enum class Next : graph::Edge { ip4, ip6 };
    enum class Drop : graph::Edge {
        truncated,
        version,
        source_routing,
        checksum,
        no_tunnel,
        not_carried,
        out_of_order,
        nesting,
        down,
        congestion
    };
    static constexpr auto info = graph::node<Next, Drop>(
        Nodes<Family>::gre, {{Next::ip4, "ip4-input"}, {Next::ip6, "ip6-input"}},
        {{Drop::truncated, "truncated", "shorter than its GRE header, or than a frame"},
         {Drop::version, "bad-version", "another version of GRE than 0, such as that of PPTP"},
         {Drop::source_routing, "source-routing",
          "asks for what RFC 1701 had and nobody does any more: routing, recursion control"},
         {Drop::checksum, "bad-checksum", "the GRE checksum is wrong"},
         {Drop::no_tunnel, "no-tunnel", "no tunnel has these ends and this key"},
         {Drop::not_carried, "not-carried",
          "a protocol that the tunnel does not carry: IP in one for Ethernet, or neither"},
         {Drop::out_of_order, "out-of-order",
          "overtaken by a later one, or without a sequence number, in a tunnel that has them (RFC "
          "2890 2.2)"},
         {Drop::nesting, "nesting", vnet::tunnel::arrival_drop::nesting},
         {Drop::down, "tunnel-down", vnet::tunnel::arrival_drop::down},
         {Drop::congestion, "congestion", vnet::tunnel::arrival_drop::congestion}});

    /// `arc` is "device-input", where frames begin. Who is none of the `workers` is a dry run,
    /// which changes nothing.
    GreDecap(vnet::interface::Table& table, const vnet::tunnel::PointToPoint& tunnels,
             graph::ArcId arc, unsigned workers)
        : table_(table),
          tunnels_(tunnels),
          arc_(arc),
          workers_(workers),
          heard_(graph::max_interfaces) {}

    class Pass : public vnet::tunnel::Finder<Family> {
        using Base = vnet::tunnel::Finder<Family>;

    public:
        Pass(const GreDecap& node, graph::Dispatch& dispatch) noexcept
            : Base(node.table_, node.tunnels_, dispatch),
              frames_(dispatch.entrance(node.arc_)),
              is_dry_(dispatch.worker() >= node.workers_) {}

    private:
        friend class GreDecap;
        graph::ArcEntrance frames_;
        const bool is_dry_;
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;
    /// Control: a new tunnel has heard of no sequence number.
    void begin(Index interface) const noexcept { heard_[interface].begin(); }

private:
    vnet::interface::Table& table_;
    const vnet::tunnel::PointToPoint& tunnels_;
    const graph::ArcId arc_;
    const unsigned workers_;
    /// By interface; shared by all workers.
    mutable graph::StableArray<HeardNumbers> heard_;
};

/// A key as a number, apart from there being none.
constexpr uint64_t number_of(std::optional<uint32_t> key) noexcept {
    return key ? uint64_t{1} << 32 | *key : 0;
}

extern template class IpipDecap<vnet::ip4::Family>;
extern template class IpipDecap<vnet::ip6::Family>;
extern template class GreDecap<vnet::ip4::Family>;
extern template class GreDecap<vnet::ip6::Family>;

}  // namespace gre
