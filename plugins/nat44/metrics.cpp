// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/metrics.hpp"

#include "plugins/nat44/counted_by_others.hpp"

namespace nat44 {

using api::metrics::Kind;
using api::metrics::Samples;

namespace {

/// Pools that have samples of their own, the first ones by name; those of the others are added up,
/// so that a page stays of a size.
constexpr size_t most_labelled = 256;
/// Names that no pool can have: of those others, and of static mappings.
constexpr const char* others_name = "(others)";
constexpr const char* statics_name = "(static)";

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
    sum.held_ports += use.held_ports;
    sum.held_blocks += use.held_blocks;
}

void add(PoolSize& sum, const PoolSize& size) {
    sum.addresses += size.addresses;
    sum.ports += size.ports;
    sum.blocks += size.blocks;
}

/// Calls back with each pool's name and what `read` says of it, and with those of the others
/// together.
template <class Of, class Read, class Take>
void visit_pools(const Nat& nat, const Read& read, const Take& take) {
    size_t seen = 0;
    Of of_others;
    for (const auto& [name, pool] : nat.pools()) {
        if (seen++ < most_labelled) {
            take(name, read(pool));
        } else {
            add(of_others, read(pool));
        }
    }
    if (seen > most_labelled) {
        take(others_name, of_others);
    }
}
template <class Take>
void visit_uses(const Nat& nat, CountedByOthers& counted, const Take& take) {
    const PoolUse& by_others = counted.look(nat);
    visit_pools<PoolUse>(
        nat, [&nat](const Nat::PoolEntry& pool) { return nat.use_of(pool); },
        [&](const std::string& name, PoolUse use) {
            if (name == others_name) {
                use.created = by_others.created;
                use.refused = by_others.refused;
            }
            take(name, use);
        });
}

}  // namespace

absl::Status add_metrics(vnet::plugin::Registry& registry, const Nat& nat) {
    absl::Status status;
    const auto counted = std::make_shared<CountedByOthers>(most_labelled);
    const auto add_size = [&](const char* name, const char* help, uint64_t PoolSize::*what) {
        status.Update(registry.add_metrics(
            {name, Kind::gauge, "", help, {"pool"}}, [&nat, what](Samples& samples) {
                visit_pools<PoolSize>(
                    nat, [&nat](const Nat::PoolEntry& pool) { return nat.size_of(pool); },
                    [&](const std::string& pool, const PoolSize& size) {
                        samples.add({pool}, size.*what);
                    });
            }));
    };
    // Static mappings are of no pool, and have sessions as well.
    const auto add_use = [&](const char* name, Kind kind, const char* help, bool with_statics,
                             auto read) {
        status.Update(registry.add_metrics(
            {name, kind, "", help, {"pool"}},
            [&nat, counted, with_statics, read](Samples& samples) {
                visit_uses(nat, *counted, [&](const std::string& pool, const PoolUse& use) {
                    samples.add({pool}, uint64_t(read(use)));
                });
                if (with_statics) {
                    samples.add({statics_name}, uint64_t(read(nat.use_of_statics())));
                }
            }));
    };
    add_use("sluice_nat44_sessions", Kind::gauge, "Sessions of NAT44.", true,
            [](const PoolUse& use) { return use.sessions; });
    add_use("sluice_nat44_begun", Kind::counter, "Sessions of NAT44 begun.", true,
            [](const PoolUse& use) { return use.created; });
    add_use("sluice_nat44_hosts", Kind::gauge, "Hosts inside that have sessions.", false,
            [](const PoolUse& use) { return use.hosts; });
    add_use("sluice_nat44_blocks_used", Kind::gauge,
            "Blocks of ports that hosts have, or that are held down.", false,
            [](const PoolUse& use) { return use.blocks_taken(); });
    add_size("sluice_nat44_addresses", "Outside addresses.", &PoolSize::addresses);
    add_size("sluice_nat44_ports", "Ports of each protocol that may be given out.",
             &PoolSize::ports);
    add_size("sluice_nat44_blocks", "Blocks of ports that may be given out.", &PoolSize::blocks);
    status.Update(registry.add_metrics(
        {"sluice_nat44_ports_used",
         Kind::gauge,
         "",
         "Ports that endpoint-independent mappings have, or that are held down.",
         {"pool", "protocol"}},
        [&nat, counted](Samples& samples) {
            visit_uses(nat, *counted, [&](const std::string& pool, const PoolUse& use) {
                for (size_t i = 0; i < port_protocols; ++i) {
                    samples.add({pool, std::string(port_protocol_names[i])}, use.ports_taken(i));
                }
            });
        }));
    status.Update(registry.add_metrics(
        {"sluice_nat44_refused",
         Kind::counter,
         "",
         "Sessions refused, by why.",
         {"pool", "reason"}},
        [&nat, counted](Samples& samples) {
            visit_uses(nat, *counted, [&](const std::string& pool, const PoolUse& use) {
                for (size_t i = 0; i < refusals; ++i) {
                    samples.add({pool, std::string(name(Refusal(i)))}, use.refused[i]);
                }
            });
        }));
    return status;
}

}  // namespace nat44
