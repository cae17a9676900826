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
    enum class Drop : graph::Edge { no_bridge, storm, nowhere, no_buffer };
    static constexpr auto info = graph::node<Next, Drop>(
        "bridge-flood", {{Next::output, "interface-output"}, {Next::router, "ethernet-input"}},
        {{Drop::no_bridge, "no-bridge", "the interface is no port of a bridge any longer"},
         {Drop::storm, "storm-limit", "more to be flooded than its port may bring"},
         {Drop::nowhere, "no-other-port", "the bridge has no other port that is up, with a link"},
         {Drop::no_buffer, "no-buffer", "no packet buffer was free for a copy"}});

    /// `arc` is "device-input". All outlive it.
    Flood(vnet::interface::Table& table, Ports& ports, graph::ArcId arc)
        : table_(table), ports_(ports), arc_(arc) {}

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;

private:
    graph::Hop flood(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept;
    bool goes(Index from, uint32_t group, Index to, const graph::Packet& packet) const noexcept;
    void to_router(graph::Packet& packet, Index bridge, graph::Dispatch& dispatch) const noexcept;

    vnet::interface::Table& table_;
    Ports& ports_;
    graph::ArcId arc_;
};

/// A copy of a packet in one buffer of its own, with its metadata; it is not traced. Null where no
/// buffer is free, or one does not hold it.
graph::Packet* copy(const graph::Packet& packet, graph::PacketPool& pool) noexcept;

}  // namespace bridge
