// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/ip6/range_table.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::ip6 {

/// Makes a packet ready for its link: hop limit, MTU, the adjacency's link-layer header. Then the
/// arc "ip6-output". What is longer than the MTU is never cut in transit (RFC 8200 4.5): its sender
/// is told. The router's own packets go to ip6-fragment then, and come back as fragments that fit.
/// A packet that leaves by the interface it came by is forwarded; where redirects are switched on,
/// "nd-redirect" is given a copy, to tell its sender of the better way (RFC 4861 8.2).
class Rewrite {
public:
    enum class Next : graph::Edge { icmp_error, redirect, fragment };
    enum class Drop : graph::Edge { hop_limit, too_big, no_headroom, truncated };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip6-rewrite",
        {{Next::icmp_error, "icmp6-error"},
         {Next::redirect, "nd-redirect"},
         {Next::fragment, "ip6-fragment"}},
        {{Drop::hop_limit, "hop-limit-expired", "the hop limit ran out here; the sender is told"},
         {Drop::too_big, "exceeds-mtu", "longer than the next link's MTU; the sender is told"},
         {Drop::no_headroom, "no-headroom",
          "no room in front of the packet for the new link-layer header"},
         {Drop::truncated, "truncated", "fewer bytes than an IPv6 header"}});

    /// What is done to a packet depends on no other.
    static constexpr bool any_order = true;

    Rewrite(const fib::Tables<RangeTable>& tables, const fib::ForwardingTable& forwarding,
            icmp6::ErrorSlot slot, graph::ArcId output_arc,
            const std::atomic<bool>& sends_redirects)
        : tables_(tables),
          forwarding_(forwarding),
          slot_(slot),
          arc_(output_arc),
          sends_redirects_(sends_redirects) {}

    /// What is known of the adjacency of the packets at hand.
    class Pass {
    public:
        Pass(const Rewrite& node, graph::Dispatch& dispatch) noexcept
            : dispatch_(dispatch), arc_(dispatch.entrance(node.arc_)) {}

    private:
        friend class Rewrite;
        void turn_to(fib::AdjacencyIndex index, const fib::Adjacency& adjacency) noexcept;

        graph::Dispatch& dispatch_;
        graph::ArcEntrance arc_;
        const fib::Adjacency* adjacency_ = nullptr;
        fib::AdjacencyIndex index_ = none;
        uint32_t interface_ = graph::no_interface;
        /// Bytes that a packet may have, link-layer header included.
        uint32_t longest_ = 0;
        /// Bytes that must be free in front of it.
        uint32_t headroom_ = 0;
        /// Bytes of its header, or no_length where that does not fit the short way.
        uint32_t length_ = no_length;
        /// The last bytes of its rewrite.
        std::array<uint64_t, 2> header_{};
        static constexpr fib::AdjacencyIndex none = ~fib::AdjacencyIndex(0);
        static constexpr uint32_t no_length = ~uint32_t(0);
    };
    graph::To<Next, Drop> operator()(graph::Packet& packet, Pass& pass) const noexcept;
    /// The hop limit, and the link-layer header that the adjacency gives.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::To<Next, Drop> less_often(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> with_care(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> tell(graph::Packet& packet, Pass& pass, Drop reason, wire::Icmp6Type type,
                               uint8_t code, uint32_t rest) const noexcept;
    void redirect(const graph::Packet& packet, const wire::Ip6Header& ip,
                  const fib::Adjacency& adjacency, graph::Dispatch& dispatch) const noexcept;

    const fib::Tables<RangeTable>& tables_;
    const fib::ForwardingTable& forwarding_;
    icmp6::ErrorSlot slot_;
    graph::ArcId arc_;
    const std::atomic<bool>& sends_redirects_;
};

}  // namespace vnet::ip6

extern template void graph::drive<vnet::ip6::Rewrite>(const void*, graph::Dispatch&,
                                                      graph::Frame&) noexcept;
