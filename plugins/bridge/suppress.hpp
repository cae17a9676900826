// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/bridge/shared.hpp"
#include "plugins/bridge/words.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

/// Answers questions of ARP and neighbor discovery that go to all in the name of the host that has
/// the address, where the bridge knows it and where it is (RFC 9161 3); what it cannot answer for
/// certain is flooded. Metadata::rx_interface is the port, or the bridge for what the router asks.
class Suppress {
public:
    enum class Next : graph::Edge { flood, output, router };
    static constexpr auto info =
        graph::node<Next>("bridge-suppress", {{Next::flood, "bridge-flood"},
                                              {Next::output, "interface-output"},
                                              {Next::router, "ethernet-input"}});

    /// `arc` is "device-input". All outlive it.
    Suppress(vnet::interface::Table& table, Shared& shared, graph::ArcId arc)
        : table_(table), shared_(shared), arc_(arc) {}

    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const HostTable::Host* find(const graph::Packet& packet, const Words& words, Index bridge,
                                Index& where) const noexcept;
    graph::Hop to_router(graph::Packet& packet, Index bridge,
                         graph::Dispatch& dispatch) const noexcept;

    vnet::interface::Table& table_;
    Shared& shared_;
    graph::ArcId arc_;
};

}  // namespace bridge
