// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/ip6/range_table.hpp"

namespace vnet::ip6 {

/// Finds the adjacency for a packet's destination, and goes where it says. A link-local destination
/// is on the link that the packet came in by, or, of the router's own answers, goes back by.
class Lookup {
public:
    static constexpr auto info = graph::node("ip6-lookup");

    Lookup(const fib::Tables<RangeTable>& tables, const fib::ForwardingTable& forwarding)
        : tables_(tables), forwarding_(forwarding) {}
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch&) const noexcept;

private:
    /// Whether a vector is thought to be of one VRF, or is what was taken out of one of several.
    enum class Vrfs { one, split };
    template <Vrfs vrfs>
    bool look_up(interface::Vrf vrf, std::span<graph::Packet* const> packets,
                 graph::Hops hops) const noexcept;

    const fib::Tables<RangeTable>& tables_;
    const fib::ForwardingTable& forwarding_;
};

}  // namespace vnet::ip6

extern template void graph::drive<vnet::ip6::Lookup>(const void*, graph::Dispatch&,
                                                     graph::Frame&) noexcept;
