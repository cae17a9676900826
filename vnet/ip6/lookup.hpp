// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/ip6/range_table.hpp"

namespace vnet::ip6 {

/// Finds the adjacency for a packet's destination, and goes where it says. A link-local destination
/// is on the link that the packet came in by, or, of the router's own answers, goes back by.
class Lookup {
public:
    static constexpr auto info = graph::node("ip6-lookup");

    Lookup(const RangeTable& table, const fib::ForwardingTable& forwarding)
        : table_(table), forwarding_(forwarding) {}
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch&) const noexcept;

private:
    const RangeTable& table_;
    const fib::ForwardingTable& forwarding_;
};

}  // namespace vnet::ip6

extern template void graph::drive<vnet::ip6::Lookup>(const void*, graph::Dispatch&,
                                                     graph::Frame&) noexcept;
