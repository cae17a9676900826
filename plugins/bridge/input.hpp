// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "graph/driver.hpp"
#include "plugins/bridge/ears.hpp"
#include "plugins/bridge/shared.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

/// A feature of the arc "device-input", on for the ports of bridges (IEEE 802.1Q 8): learns where a
/// frame's sender is, and finds the port that leads to its destination, all ports, or the router.
class Input {
public:
    enum class Next : graph::Edge { output, flood, router, suppress };
    enum class Drop : graph::Edge {
        too_short,
        no_bridge,
        interface_down,
        bad_source,
        link_local,
        same_port,
        split_horizon,
        exceeds_mtu,
        port_down
    };
    static constexpr auto info = graph::node<Next, Drop>(
        "bridge-input",
        {{Next::output, "interface-output"},
         {Next::flood, "bridge-flood"},
         {Next::router, "ethernet-input"},
         {Next::suppress, "bridge-suppress"}},
        {{Drop::too_short, "too-short", "fewer bytes than an Ethernet header"},
         {Drop::no_bridge, "no-bridge", "the interface is no port of a bridge any longer"},
         {Drop::interface_down, "interface-down", "the interface it came in by is down"},
         {Drop::bad_source, "bad-source-mac", "the source address is a group address"},
         {Drop::link_local, "link-local-group",
          "to a group that no bridge forwards (IEEE 802.1Q 8.6.3)"},
         {Drop::same_port, "same-port", "its destination is where it came from"},
         {Drop::split_horizon, "split-horizon", "from one port of a group to another of it"},
         {Drop::exceeds_mtu, "exceeds-mtu", "longer than the port's MTU and its tags allow"},
         {Drop::port_down, "port-down", "the port of its destination is down or has no link"}});

    /// `arc` is "device-input". All outlive it.
    Input(vnet::interface::Table& table, Shared& shared, graph::ArcId arc)
        : table_(table), shared_(shared), ears_(shared.hosts, shared.host_learner), arc_(arc) {}

    void operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                    graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    class Run;

    vnet::interface::Table& table_;
    Shared& shared_;
    const Ears ears_;
    graph::ArcId arc_;
};

}  // namespace bridge
