// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/icmp6/error.hpp"

namespace vnet::ip6 {

/// Where routes end that lead nowhere: no route at all, blackhole, prohibit, unreachable (RFC 4443
/// 3.1).
class Unreachable {
public:
    enum class Next : graph::Edge { icmp_error };
    enum class Drop : graph::Edge { no_route, blackhole, prohibit, unreachable };
    static constexpr auto info = graph::node<Next, Drop>(
        "ip6-unreachable", {{Next::icmp_error, "icmp6-error"}},
        {{Drop::no_route, "no-route", "no route matches; the sender is told"},
         {Drop::blackhole, "blackhole", "the route is a blackhole"},
         {Drop::prohibit, "prohibit", "the route is prohibited; the sender is told"},
         {Drop::unreachable, "unreachable",
          "the route is unreachable or its next hop cannot be found; the sender is told"}});

    Unreachable(const fib::ForwardingTable& forwarding, icmp6::ErrorSlot slot)
        : forwarding_(forwarding), slot_(slot) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const fib::ForwardingTable& forwarding_;
    icmp6::ErrorSlot slot_;
};

}  // namespace vnet::ip6
