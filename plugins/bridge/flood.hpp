// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "plugins/bridge/ports.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

/// Sends a frame by all ports of its bridge but the one it came in by, and what is for a group to
/// the router as well. Metadata::rx_interface is the port, or the bridge itself for what the router
/// sends.
class Flood {
public:
    enum class Next : graph::Edge { output, router };
    enum class Drop : graph::Edge { no_bridge, storm, nowhere, no_buffer, exceeds_mtu };
    static constexpr auto info = graph::node<Next, Drop>(
        "bridge-flood", {{Next::output, "interface-output"}, {Next::router, "ethernet-input"}},
        {{Drop::no_bridge, "no-bridge", "the interface is no port of a bridge any longer"},
         {Drop::storm, "storm-limit", "more to be flooded than its port may bring"},
         {Drop::nowhere, "no-other-port", "the bridge has no other port that is up, with a link"},
         {Drop::no_buffer, "no-buffer", "no packet buffer was free for a copy"},
         {Drop::exceeds_mtu, "exceeds-mtu",
          "longer than a port's MTU and its tags allow, which did not get it"}});

    /// `arc` is "device-input". All outlive it.
    Flood(vnet::interface::Table& table, Ports& ports, graph::ArcId arc)
        : table_(table), ports_(ports), arc_(arc) {}

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;

private:
    graph::Hop flood(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    enum class Way { open, closed, too_narrow };
    Way way(Index from, uint32_t group, Index to, const graph::Packet& packet) const noexcept;
    /// To a port, or to the router where that is the bridge.
    graph::Hop send(graph::Packet& packet, Index to, Index bridge,
                    graph::Dispatch& dispatch) const noexcept;

    vnet::interface::Table& table_;
    Ports& ports_;
    graph::ArcId arc_;
};

}  // namespace bridge
