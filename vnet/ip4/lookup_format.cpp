// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/lookup_format.hpp"

#include <fmt/format.h>

#include "vnet/wire/ip4_header.hpp"

namespace vnet::ip4 {

graph::TraceFields format_lookup(const graph::TraceStep& step, const Fib& fib,
                                 const fib::ForwardingTable& forwarding,
                                 const interface::Table& interfaces) {
    const auto* ip = wire::view<wire::Ip4Header>(step.at.from_offset(step.at.meta.l3_offset));
    if (ip == nullptr || step.next == nullptr) {
        return {};
    }
    graph::TraceFields fields;
    if (const auto match = fib.match(ip->destination)) {
        fields.emplace_back("route", match->prefix.to_string());
        fields.emplace_back("source", name(match->route.source));
    } else {
        fields.emplace_back("route", "none");
    }
    const fib::Adjacency& adjacency = forwarding.adjacency(step.next->meta.adjacency);
    fields.emplace_back("adjacency", fib::name(adjacency.action));
    if (adjacency.action == fib::Action::forward || adjacency.action == fib::Action::resolve) {
        fields.emplace_back("next-hop", adjacency.next_hop == 0
                                            ? ip->destination.to_string()
                                            : wire::Ip4Address(adjacency.next_hop).to_string());
        fields.emplace_back("interface", interfaces.name_of(adjacency.interface));
        fields.emplace_back("mtu", std::to_string(adjacency.mtu));
    }
    return fields;
}

}  // namespace vnet::ip4
