// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/table.hpp"

namespace cross_connect {

using vnet::interface::Index;

/// A feature of the arc "device-input": sends every frame that comes in by an interface out by its
/// peer, as it is, whoever it is for.
class Connect {
public:
    enum class Next : graph::Edge { interface };
    enum class Drop : graph::Edge { not_connected, interface_down, exceeds_mtu };
    static constexpr auto info = graph::node<Next, Drop>(
        "cross-connect", {{Next::interface, "interface-output"}},
        {{Drop::not_connected, "not-connected", "the interface has no peer any longer"},
         {Drop::interface_down, "interface-down", "the interface it came in by is down"},
         {Drop::exceeds_mtu, "exceeds-mtu", "longer than the peer's MTU and its tags allow"}});

    explicit Connect(const vnet::interface::Table& table)
        : table_(table), peers_(graph::max_interfaces) {}

    /// Control: 0 for none.
    void set(Index interface, Index peer) noexcept {
        peers_[interface].store(peer, std::memory_order_release);
    }

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const vnet::interface::Table& table_;
    graph::StableArray<std::atomic<Index>> peers_;
};

}  // namespace cross_connect
