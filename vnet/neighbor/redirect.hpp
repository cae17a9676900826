// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "graph/rate_limit.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::neighbor {

/// Turns the copy of a packet that left by the link it came by into a redirect to its sender
/// (RFC 4861 4.5, 8.2): the target is the neighbour that it went to, be that the destination itself
/// or a router known by its link-local address. Only so many a second.
class Redirect {
public:
    enum class Next : graph::Edge { lookup };
    enum class Drop : graph::Edge { truncated, no_target, no_address, rate_limited, no_headroom };
    static constexpr auto info = graph::node<Next, Drop>(
        "nd-redirect", {{Next::lookup, "ip6-lookup"}},
        {{Drop::truncated, "truncated", "fewer bytes than an IPv6 header"},
         {Drop::no_target, "no-target",
          "the better router is not known by a link-local address (RFC 4861 8.2)"},
         {Drop::no_address, "no-source-address",
          "the interface has no link-local address to send the redirect from"},
         {Drop::rate_limited, "rate-limited", "more redirects than may be sent in a second"},
         {Drop::no_headroom, "no-room", "no room in the buffer for the redirect"}});
    /// For each worker.
    using Limit = graph::RateLimit::Limit;

    Redirect(const interface::Table& interfaces, const fib::ForwardingTable& forwarding,
             unsigned workers, Limit limit)
        : interfaces_(interfaces), forwarding_(forwarding), limit_(workers, limit) {}
    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;

private:
    const interface::Table& interfaces_;
    const fib::ForwardingTable& forwarding_;
    graph::RateLimit limit_;
};

}  // namespace vnet::neighbor
