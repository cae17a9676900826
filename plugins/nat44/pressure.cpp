// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pressure.hpp"

#include <algorithm>

namespace nat44 {

namespace {

constexpr const char* owner = "nat44";
constexpr auto period = std::chrono::seconds(1);
/// So long after the last refusal there is enough again.
constexpr auto calm = std::chrono::seconds(10);

constexpr size_t ports_place = size_t(Refusal::no_port);
constexpr size_t blocks_place = size_t(Refusal::no_block);
/// Two who speak with the same one by the same address: more of anything would not help.
constexpr size_t clash_place = size_t(Refusal::clash);
/// By what a session was refused for, in the order of Refusal.
constexpr auto thing_names = std::to_array<const char*>(
    {"addresses", "ports", "blocks", "ports-of-a-host", "", "sessions-of-a-host",
     "new-sessions-of-a-host", "sessions", "hosts", "mappings"});
static_assert(thing_names.size() == refusals);

}  // namespace

Pressure::Pressure(graph::Control& control, vnet::events::Journal& journal, const Nat& nat, Now now)
    : journal_(journal), nat_(nat), now_(std::move(now)) {
    timer_ = control.every(period, [this] { look(); });
}

Pressure::~Pressure() {
    timer_.cancel();
    journal_.forget_resources(owner);
}

void Pressure::look() {
    forget_gone();
    for (const auto& [name, pool] : nat_.pools()) {
        look_at(name, pool);
    }
}

void Pressure::forget_gone() {
    std::erase_if(watched_, [this](const auto& entry) {
        const auto& [name, of_pool] = entry;
        const auto pool = nat_.pools().find(name);
        if (pool != nat_.pools().end() && pool->second.identity == of_pool.identity) {
            return false;
        }
        for (size_t thing = 0; thing < things; ++thing) {
            if (of_pool.all[thing].state != sluice::RESOURCE_STATE_NORMAL) {
                tell(name, thing, {}, {});
            }
        }
        return true;
    });
}

void Pressure::look_at(const std::string& name, const Nat::PoolEntry& pool) {
    const PoolUse use = nat_.use_of(pool);
    const PoolSize size = nat_.size_with_leaving(pool);
    std::array<Found, things> found;
    for (size_t i = 0; i < refusals; ++i) {
        found[i].refused = i == clash_place ? 0 : use.refused[i];
    }
    if (pool.settings.mapping == MappingKind::endpoint_independent) {
        for (size_t i = 0; i < port_protocols; ++i) {
            found[ports_place].used = std::max(found[ports_place].used, use.ports_taken(i));
        }
        found[ports_place].total = size.ports;
    }
    found[blocks_place].used = use.blocks_taken();
    found[blocks_place].total = size.blocks;
    OfPool& of_pool = watched_[name];
    of_pool.identity = pool.identity;
    const Time now = now_();
    for (size_t thing = 0; thing < things; ++thing) {
        Watched& watched = of_pool.all[thing];
        const auto before = watched.state;
        watched.state = judge(watched, found[thing], pool.threshold, now);
        if (before != sluice::RESOURCE_STATE_NORMAL ||
            watched.state != sluice::RESOURCE_STATE_NORMAL) {
            tell(name, thing, watched, found[thing]);
        }
    }
}

sluice::ResourceState Pressure::judge(Watched& watched, const Found& found,
                                      const Threshold& threshold, Time now) {
    const bool was_exhausted = watched.state == sluice::RESOURCE_STATE_EXHAUSTED;
    const bool was_normal = watched.state == sluice::RESOURCE_STATE_NORMAL;
    if (found.refused > watched.refused) {
        watched.refused_before = was_exhausted ? watched.refused_before : watched.refused;
        watched.last_refused = now;
        watched.refused = found.refused;
        return sluice::RESOURCE_STATE_EXHAUSTED;
    }
    watched.refused = found.refused;
    if (was_exhausted && now - watched.last_refused < calm) {
        return sluice::RESOURCE_STATE_EXHAUSTED;
    }
    if (!was_exhausted) {
        watched.refused_before = watched.refused;
    }
    const uint32_t limit = was_normal ? threshold.high : threshold.low;
    return found.total != 0 && found.used * 100 >= found.total * limit
               ? sluice::RESOURCE_STATE_HIGH
               : sluice::RESOURCE_STATE_NORMAL;
}

void Pressure::tell(const std::string& name, size_t thing, const Watched& watched,
                    const Found& found) {
    sluice::Resource resource;
    resource.set_owner(owner);
    resource.set_name("pool " + name);
    resource.set_what(thing_names[thing]);
    resource.set_state(watched.state);
    resource.set_used(found.used);
    resource.set_total(found.total);
    // Those of one time, in its last event too.
    if (watched.refused > watched.refused_before) {
        resource.set_refused(watched.refused - watched.refused_before);
    }
    journal_.report(std::move(resource));
}

}  // namespace nat44
