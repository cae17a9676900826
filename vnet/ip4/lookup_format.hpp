// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/trace_record.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/ip4/fib.hpp"

namespace vnet::ip4 {

/// What "ip4-lookup" found for a traced packet: the route as the table has it now, and the
/// adjacency that the packet was given, which may serve another next hop by now where the table
/// has changed since. Control thread.
graph::TraceFields format_lookup(const graph::TraceStep& step, const Fib& fib,
                                 const fib::ForwardingTable& forwarding,
                                 const interface::Table& interfaces);

}  // namespace vnet::ip4
