// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "graph/trace_record.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fragment/family.hpp"

namespace vnet::fragment {

/// What a trace tells of a fragment: of which datagram which bytes. Control thread.
template <class Family>
graph::TraceFields format_fragment(const graph::TraceStep& step);
template <>
graph::TraceFields format_fragment<Ip4>(const graph::TraceStep& step);
template <>
graph::TraceFields format_fragment<Ip6>(const graph::TraceStep& step);

/// What a trace tells of a packet that was cut: how long it and its first fragment are.
graph::TraceFields format_cut(const graph::TraceStep& step, const fib::ForwardingTable& forwarding);

/// "udp 1000 -> 2000, later fragment".
std::string to_string(const Ports& ports);

}  // namespace vnet::fragment
