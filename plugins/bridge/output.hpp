// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/bridge/ears.hpp"
#include "plugins/bridge/shared.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

/// What the router sends by a bridge's interface: to the port where the station is, or to all.
class Output {
public:
    enum class Next : graph::Edge { output, flood, suppress };
    enum class Drop : graph::Edge { gone, too_short, same_port, exceeds_mtu, port_down };
    static constexpr auto info = graph::node<Next, Drop>(
        "bridge-output",
        {{Next::output, "interface-output"},
         {Next::flood, "bridge-flood"},
         {Next::suppress, "bridge-suppress"}},
        {{Drop::gone, "bridge-gone", "the interface is no bridge, or no longer"},
         {Drop::too_short, "too-short", "fewer bytes than an Ethernet header"},
         {Drop::same_port, "same-port", "sent by the bridge to its own address"},
         {Drop::exceeds_mtu, "exceeds-mtu", "longer than the port's MTU and its tags allow"},
         {Drop::port_down, "port-down", "the port of its destination is down or has no link"}});

    /// Both outlive it.
    Output(const vnet::interface::Table& table, Shared& shared)
        : table_(table), shared_(shared), ears_(shared.hosts, shared.host_learner) {}

    graph::To<Next, Drop> operator()(graph::Packet& packet,
                                     graph::Dispatch& dispatch) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const vnet::interface::Table& table_;
    Shared& shared_;
    const Ears ears_;
};

}  // namespace bridge
