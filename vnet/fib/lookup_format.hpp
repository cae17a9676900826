// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/trace_record.hpp"
#include "vnet/fib/fib.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::fib {

/// What a lookup found for a traced packet: the route as the table has it now, and the adjacency
/// that the packet was given, which may serve another next hop by now where the table has changed
/// since. Control thread.
template <class Family>
graph::TraceFields format_lookup(const graph::TraceStep& step, const Fib<Family>& fib,
                                 const ForwardingTable& forwarding,
                                 const interface::Table& interfaces) {
    const auto destination = Family::destination(step.at.from_offset(step.at.meta.l3_offset));
    if (!destination || step.next == nullptr) {
        return {};
    }
    graph::TraceFields fields;
    if (const auto match = fib.match(Family::scoped(*destination, step.at.meta.rx_interface))) {
        fields.emplace_back("route", Family::unscoped(match->prefix).to_string());
        fields.emplace_back("source", name(match->route.source));
    } else {
        fields.emplace_back("route", "none");
    }
    const Adjacency& adjacency = forwarding.adjacency(step.next->meta.adjacency);
    fields.emplace_back("adjacency", name(adjacency.action));
    if (adjacency.action == Action::forward || adjacency.action == Action::resolve) {
        fields.emplace_back("next-hop", (adjacency.next_hop.is_unspecified()
                                             ? *destination
                                             : Family::from_next_hop(adjacency.next_hop))
                                            .to_string());
        fields.emplace_back("interface", interfaces.name_of(adjacency.interface));
        fields.emplace_back("mtu", std::to_string(adjacency.mtu));
    }
    return fields;
}

}  // namespace vnet::fib
