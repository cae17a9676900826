// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/driver.hpp"
#include "plugins/bridge/mac_table.hpp"
#include "plugins/bridge/ports.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

/// What the router sends by a bridge's interface: to the port where the station is, or to all.
class Output {
public:
    enum class Next : graph::Edge { output, flood };
    enum class Drop : graph::Edge { gone, too_short, same_port };
    static constexpr auto info = graph::node<Next, Drop>(
        "bridge-output", {{Next::output, "interface-output"}, {Next::flood, "bridge-flood"}},
        {{Drop::gone, "bridge-gone", "the interface is no bridge, or no longer"},
         {Drop::too_short, "too-short", "fewer bytes than an Ethernet header"},
         {Drop::same_port, "same-port", "sent by the bridge to its own address"}});

    Output(const vnet::interface::Table& table, const Ports& ports, MacTable& stations)
        : table_(table), ports_(ports), stations_(stations) {}

    graph::To<Next, Drop> operator()(graph::Packet& packet) const noexcept;
    graph::TraceFields format(const graph::TraceStep& step) const;

private:
    const vnet::interface::Table& table_;
    const Ports& ports_;
    MacTable& stations_;
};

}  // namespace bridge
