// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/metrics.hpp"

namespace nat44 {

using api::metrics::Kind;
using api::metrics::Samples;

namespace {

/// Pools that have samples of their own, the first ones by name; those of the others are added up,
/// so that a page stays of a size.
constexpr size_t most_labelled = 256;
constexpr const char* others = "others";
/// Of static mappings.
constexpr const char* no_name = "-";

void add(PoolUse& sum, const PoolUse& use) {
    sum.hosts += use.hosts;
    sum.sessions += use.sessions;
    sum.created += use.created;
    for (size_t i = 0; i < refusals; ++i) {
        sum.refused[i] += use.refused[i];
    }
    for (size_t i = 0; i < port_protocols; ++i) {
        sum.ports[i] += use.ports[i];
    }
    sum.blocks += use.blocks;
}

void add(PoolSize& sum, const PoolSize& size) {
    sum.addresses += size.addresses;
    sum.ports += size.ports;
    sum.blocks += size.blocks;
}

/// Calls back with each pool's name, use and size, and with those of the others together.
template <class Take>
void visit_pools(const Nat& nat, const Take& take) {
    size_t seen = 0;
    PoolUse use;
    PoolSize size;
    for (const auto& [name, pool] : nat.pools()) {
        if (seen++ < most_labelled) {
            take(name, nat.use_of(pool), nat.size_of(pool));
        } else {
            add(use, nat.use_of(pool));
            add(size, nat.size_of(pool));
        }
    }
    if (seen > most_labelled) {
        take(others, use, size);
    }
}

}  // namespace

absl::Status add_metrics(vnet::plugin::Registry& registry, const Nat& nat) {
    absl::Status status;
    const auto add = [&](const char* name, Kind kind, const char* help, auto read) {
        status.Update(
            registry.add_metrics({name, kind, "", help, {"pool"}}, [&nat, read](Samples& samples) {
                visit_pools(nat,
                            [&](const std::string& pool, const PoolUse& use, const PoolSize& size) {
                                samples.add({pool}, uint64_t(read(use, size)));
                            });
            }));
    };
    // Static mappings are of no pool, and have sessions as well.
    const auto add_with_statics = [&](const char* name, Kind kind, const char* help, auto read) {
        status.Update(
            registry.add_metrics({name, kind, "", help, {"pool"}}, [&nat, read](Samples& samples) {
                visit_pools(nat, [&](const std::string& pool, const PoolUse& use, const PoolSize&) {
                    samples.add({pool}, uint64_t(read(use)));
                });
                samples.add({no_name}, uint64_t(read(nat.use_of_statics())));
            }));
    };
    add_with_statics("sluice_nat44_sessions", Kind::gauge, "Sessions of NAT44.",
                     [](const PoolUse& use) { return use.sessions; });
    add_with_statics("sluice_nat44_begun", Kind::counter, "Sessions of NAT44 begun.",
                     [](const PoolUse& use) { return use.created; });
    add("sluice_nat44_hosts", Kind::gauge, "Hosts inside that have sessions.",
        [](const PoolUse& use, const PoolSize&) { return use.hosts; });
    add("sluice_nat44_addresses", Kind::gauge, "Outside addresses.",
        [](const PoolUse&, const PoolSize& size) { return size.addresses; });
    add("sluice_nat44_ports", Kind::gauge, "Ports of each protocol that may be given out.",
        [](const PoolUse&, const PoolSize& size) { return size.ports; });
    add("sluice_nat44_blocks", Kind::gauge, "Blocks of ports that may be given out.",
        [](const PoolUse&, const PoolSize& size) { return size.blocks; });
    add("sluice_nat44_blocks_used", Kind::gauge, "Blocks of ports that hosts have.",
        [](const PoolUse& use, const PoolSize&) { return use.blocks; });
    status.Update(registry.add_metrics(
        {"sluice_nat44_ports_used",
         Kind::gauge,
         "",
         "Ports that endpoint-independent mappings have.",
         {"pool", "protocol"}},
        [&nat](Samples& samples) {
            visit_pools(nat, [&](const std::string& pool, const PoolUse& use, const PoolSize&) {
                for (size_t i = 0; i < port_protocols; ++i) {
                    samples.add({pool, std::string(port_protocol_names[i])}, use.ports[i]);
                }
            });
        }));
    status.Update(registry.add_metrics(
        {"sluice_nat44_refused",
         Kind::counter,
         "",
         "Sessions refused, by why.",
         {"pool", "reason"}},
        [&nat](Samples& samples) {
            visit_pools(nat, [&](const std::string& pool, const PoolUse& use, const PoolSize&) {
                for (size_t i = 0; i < refusals; ++i) {
                    samples.add({pool, std::string(name(Refusal(i)))}, use.refused[i]);
                }
            });
        }));
    return status;
}

}  // namespace nat44
