// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/icmp4/error.hpp"

namespace vnet::ip4 {

/// Where routes end that lead nowhere: no route at all, blackhole, prohibit, unreachable (RFC
/// 1812 5.2.7.1).
class Unreachable {
public:
    enum class Next : graph::Edge { icmp_error };
    enum class Drop : graph::Edge { no_route, blackhole, prohibit, unreachable };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip4-unreachable", {{Next::icmp_error, "icmp4-error"}},
        {{Drop::no_route, "no-route",
          "no route matches; the sender is told that the network is unreachable"},
         {Drop::blackhole, "blackhole", "the route is a blackhole"},
         {Drop::prohibit, "prohibit", "the route is prohibited; the sender is told"},
         {Drop::unreachable, "unreachable",
          "the route is unreachable or its next hop cannot be found; the sender is told"}});

    Unreachable(const fib::ForwardingTable& forwarding, icmp4::ErrorSlot slot)
        : forwarding_(forwarding), slot_(slot) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const fib::ForwardingTable& forwarding_;
    icmp4::ErrorSlot slot_;
};

}  // namespace vnet::ip4
