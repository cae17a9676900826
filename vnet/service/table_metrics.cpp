// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "graph/memory.hpp"
#include "vnet/service/memory.hpp"
#include "vnet/service/metrics.hpp"

namespace vnet::service {

using api::metrics::Kind;
using api::metrics::Samples;

namespace {

template <class Groups>
uint64_t count_used(const Groups& groups, const std::string& name) {
    const auto members = groups.members(name);
    return uint64_t(std::count_if(members.begin(), members.end(), [](const auto& member) {
        return member.state == fib::MemberState::used;
    }));
}

void add_group_metrics(MetricsAdder& metrics, Router& router) {
    const auto add = [&](const char* name, const char* help, auto read) {
        metrics.add({name, Kind::gauge, "", help, {"group"}}, [&router, read](Samples& samples) {
            const auto add_all = [&](const auto& groups) {
                for (const std::string& group : groups.names()) {
                    samples.add({group}, uint64_t(read(groups, group)));
                }
            };
            add_all(*router.ip4().groups);
            add_all(*router.ip6().groups);
        });
    };
    add("sluice_next_hop_group_routes", "Routes that lead to a next-hop group.",
        [](const auto& groups, const std::string& group) { return groups.routes(group); });
    add("sluice_next_hop_group_members", "Members of a next-hop group.",
        [](const auto& groups, const std::string& group) { return groups.members(group).size(); });
    add("sluice_next_hop_group_used_members", "Members of a next-hop group that carry packets.",
        [](const auto& groups, const std::string& group) { return count_used(groups, group); });
}

}  // namespace

absl::Status add_table_metrics(api::Registry& registry, Router& router) {
    MetricsAdder metrics(registry, "tables");
    const auto add = [&](const char* name, const char* help, auto read) {
        metrics.add({name, Kind::gauge, "", help},
                    [&router, read](Samples& samples) { samples.add(uint64_t(read(router))); });
    };
    add("sluice_paths", "Paths that routes lead to.",
        [](Router& r) { return r.forwarding().paths_in_use(); });
    add("sluice_adjacencies", "Adjacencies, those that wait for a grace period included.",
        [](Router& r) { return r.forwarding().adjacencies_in_use(); });
    add("sluice_neighbor_held", "Packets held for neighbours that are asked for.",
        [](Router& r) { return r.ip4().neighbors->held() + r.ip6().neighbors->held(); });
    add("sluice_ip4_table_blocks", "Blocks of 256 entries taken by prefixes longer than 24 bits.",
        [](Router& r) {
            size_t used = 0;
            r.ip4().tables.visit([&used](const auto& table) { used += table.blocks_in_use(); });
            return used;
        });
    add("sluice_ip6_table_nodes", "Nodes of the IPv6 lookup's search trees in use.", [](Router& r) {
        size_t used = 0;
        r.ip6().tables.visit([&used](const auto& table) { used += table.nodes_in_use(); });
        return used;
    });
    metrics.add({"sluice_routes", Kind::gauge, "", "Routes of all sources.", {"family"}},
                [&router](Samples& samples) {
                    samples.add({"ip4"}, uint64_t(router.ip4().fibs->size()));
                    samples.add({"ip6"}, uint64_t(router.ip6().fibs->size()));
                });
    metrics.add(
        {"sluice_neighbors", Kind::gauge, "", "Neighbours by their state.", {"family", "state"}},
        [&router](Samples& samples) {
            using neighbor::State;
            for (const State state :
                 {State::incomplete, State::reachable, State::probing, State::fixed}) {
                samples.add({"ip4", neighbor::name(state)},
                            uint64_t(router.ip4().neighbors->count(state)));
                samples.add({"ip6", neighbor::name(state)},
                            uint64_t(router.ip6().neighbors->count(state)));
            }
        });
    add_group_metrics(metrics, router);
    metrics.add({"sluice_memory_bytes",
                 Kind::gauge,
                 "bytes",
                 "Memory by who has it; process-* overlap all others.",
                 {"part"}},
                [&router](Samples& samples) {
                    for (const MemoryPart& part : memory_parts(router)) {
                        samples.add({part.name}, part.memory.touched_bytes);
                    }
                });
    return metrics.status();
}

}  // namespace vnet::service
