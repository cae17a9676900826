// SPDX-License-Identifier: Apache-2.0
#include "floors.hpp"

#include "graph/limits.hpp"

namespace ttl_guard {

Floors::Floors(unsigned contexts) : floors_(graph::max_interfaces) {
    for (unsigned context = 0; context < contexts; ++context) {
        counters_.push_back(std::make_unique<graph::StableArray<Counters>>(graph::max_interfaces));
    }
}

void Floors::set(Index interface, uint8_t floor) {
    base_.try_emplace(interface, sum(interface));
    floors_[interface].store(floor, std::memory_order_relaxed);
}

void Floors::remove(Index interface) {
    floors_[interface].store(0, std::memory_order_relaxed);
    base_.erase(interface);
}

uint8_t Floors::floor(Index interface) const {
    return base_.contains(interface) ? lowest(interface) : 0;
}

Floors::Totals Floors::totals(Index interface) const {
    const auto base = base_.find(interface);
    if (base == base_.end()) {
        return {};
    }
    const Totals now = sum(interface);
    return {now.passed - base->second.passed, now.dropped - base->second.dropped};
}

std::vector<Index> Floors::interfaces() const {
    std::vector<Index> all;
    for (const auto& [interface, base] : base_) {
        all.push_back(interface);
    }
    return all;
}

Floors::Totals Floors::sum(Index interface) const {
    Totals totals;
    for (size_t context = 0; context + 1 < counters_.size(); ++context) {
        const Counters& counters = (*counters_[context])[interface];
        totals.passed += counters.passed.read();
        totals.dropped += counters.dropped.read();
    }
    return totals;
}

}  // namespace ttl_guard
