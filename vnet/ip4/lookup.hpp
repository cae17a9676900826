// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/ip4/dir24.hpp"

namespace vnet::ip4 {

/// Finds the adjacency for a packet's destination, and goes where it says.
class Lookup {
public:
    static constexpr auto info = graph::node("ip4-lookup");

    Lookup(const Dir24& table, const fib::ForwardingTable& forwarding)
        : table_(table), forwarding_(forwarding) {}
    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch&) const noexcept;

private:
    const Dir24& table_;
    const fib::ForwardingTable& forwarding_;
};

}  // namespace vnet::ip4

extern template void graph::drive<vnet::ip4::Lookup>(const void*, graph::Dispatch&,
                                                     graph::Frame&) noexcept;
