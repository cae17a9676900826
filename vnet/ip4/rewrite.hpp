// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

/// Makes a packet ready for its link: TTL, MTU, the adjacency's link-layer header. Then the arc
/// "ip4-output". What is longer than the MTU and may be cut goes to ip4-fragment first, and comes
/// back as fragments that fit. A packet that leaves by the interface it came by, from a host on
/// that link, earns its sender a redirect (RFC 1812 5.2.7.2) and is forwarded all the same.
class Rewrite {
public:
    enum class Next : graph::Edge { icmp_error, fragment };
    enum class Drop : graph::Edge { ttl_expired, too_big, no_headroom, truncated };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-rewrite", {{Next::icmp_error, "icmp4-error"}, {Next::fragment, "ip4-fragment"}},
        {{Drop::ttl_expired, "ttl-expired", "the TTL ran out here; the sender is told"},
         {Drop::too_big, "exceeds-mtu",
          "longer than the next link's MTU, and not to be fragmented; the sender is told"},
         {Drop::no_headroom, "no-headroom",
          "no room in front of the packet for the new link-layer header"},
         {Drop::truncated, "truncated", "fewer bytes than an IPv4 header"}});

    /// What is done to a packet depends on no other.
    static constexpr bool any_order = true;

    Rewrite(const fib::Tables<Dir24>& tables, const fib::ForwardingTable& forwarding,
            icmp4::ErrorSlot slot, graph::ArcId output_arc)
        : tables_(tables), forwarding_(forwarding), slot_(slot), arc_(output_arc) {}

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
    /// The TTL, and the link-layer header that the adjacency gives.
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    graph::To<Next, Drop> less_often(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> with_care(graph::Packet& packet, Pass& pass) const noexcept;
    graph::To<Next, Drop> expired(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    graph::To<Next, Drop> too_big(graph::Packet& packet, const wire::Ip4Header& ip, uint32_t mtu,
                                  graph::Dispatch& dispatch) const noexcept;
    void redirect(const graph::Packet& packet, const wire::Ip4Header& ip,
                  const fib::Adjacency& adjacency, graph::Dispatch& dispatch) const noexcept;

    const fib::Tables<Dir24>& tables_;
    const fib::ForwardingTable& forwarding_;
    icmp4::ErrorSlot slot_;
    graph::ArcId arc_;
};

}  // namespace vnet::ip4

extern template void graph::drive<vnet::ip4::Rewrite>(const void*, graph::Dispatch&,
                                                      graph::Frame&) noexcept;
