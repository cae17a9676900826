// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "graph/trace_record.hpp"
#include "vnet/fib/fibs.hpp"
#include "vnet/fib/groups.hpp"
#include "vnet/fib/load_balance.hpp"
#include "vnet/fib/lookup_vrf.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::fib {

/// Where an adjacency leads that has a next hop; `destination` is the packet's.
template <class Family>
void format_adjacency(const Adjacency& adjacency, typename Family::Address destination,
                      const interface::Table& interfaces, graph::TraceFields& fields) {
    fields.emplace_back("adjacency", name(adjacency.action));
    if (adjacency.action == Action::forward || adjacency.action == Action::resolve) {
        fields.emplace_back("next-hop", (adjacency.next_hop.is_unspecified()
                                             ? destination
                                             : Family::from_next_hop(adjacency.next_hop))
                                            .to_string());
        fields.emplace_back("interface", interfaces.name_of(adjacency.interface));
        fields.emplace_back("mtu", std::to_string(adjacency.mtu));
    }
}

/// What the words about a lookup come from. All of it outlives them.
template <class Family>
struct LookupWords {
    const Fibs<Family>& fibs;
    const ForwardingTable& forwarding;
    const interface::Table& interfaces;
    std::function<std::string(interface::Vrf)> name_of;
};

/// What a lookup in a VRF found for a traced packet: the route as the tables have it now, those of
/// further VRFs that it leads to included, and the adjacency that the packet was given, which may
/// serve another next hop by now where the table has changed since. Control thread.
template <class Family>
graph::TraceFields format_lookup(const graph::TraceStep& step, interface::Vrf vrf,
                                 const LookupWords<Family>& words) {
    const auto destination = Family::destination(step.at.from_offset(step.at.meta.l3_offset));
    if (!destination || step.next == nullptr) {
        return {};
    }
    graph::TraceFields fields;
    const Adjacency& adjacency = words.forwarding.adjacency(step.next->meta.adjacency);
    const auto add_route = [&] {
        const Fib<Family>* fib = words.fibs.find(vrf);
        const auto match =
            fib == nullptr ? std::nullopt
                           : fib->match(Family::scoped(*destination, step.at.meta.rx_interface));
        if (vrf != interface::default_vrf) {
            fields.emplace_back("vrf", words.name_of(vrf));
        }
        if (match) {
            fields.emplace_back("route", Family::unscoped(match->prefix).to_string());
            fields.emplace_back("source", name(match->route.source));
        } else {
            fields.emplace_back("route", "none");
        }
        const bool leads_on = match && match->route.via.kind == ViaKind::vrf;
        vrf = leads_on ? match->route.via.vrf : vrf;
        return leads_on && adjacency.action != Action::lookup;
    };
    for (unsigned passed = 0; passed < LookupVrf<Family>::most_vrfs_passed && add_route();
         ++passed) {
    }
    format_adjacency<Family>(adjacency, *destination, words.interfaces, fields);
    if (adjacency.action == Action::lookup) {
        fields.emplace_back("in-vrf", words.name_of(adjacency.vrf));
    }
    return fields;
}

/// Which member of a group a traced packet was given to. Control thread.
template <class Family>
graph::TraceFields format_balance(const graph::TraceStep& step, const LoadBalance<Family>& node,
                                  const Groups<Family>& groups, const ForwardingTable& forwarding,
                                  const interface::Table& interfaces) {
    const auto packet = step.at.from_offset(step.at.meta.l3_offset);
    const auto destination = Family::destination(packet);
    if (!destination || step.next == nullptr) {
        return {};
    }
    graph::TraceFields fields;
    const auto group = GroupIndex(forwarding.adjacency(step.at.meta.adjacency).group);
    fields.emplace_back("group", groups.name_of(group));
    fields.emplace_back("bucket", std::to_string(node.bucket_of(packet)));
    format_adjacency<Family>(forwarding.adjacency(step.next->meta.adjacency), *destination,
                             interfaces, fields);
    return fields;
}

}  // namespace vnet::fib
