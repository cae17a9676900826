// SPDX-License-Identifier: Apache-2.0
#include "vnet/learning/mac_table.hpp"

#include <vector>

namespace vnet::learning {

namespace {

/// No station: a place that waits until no worker can have it in hand.
constexpr Station resting = ~Station(0);

}  // namespace

MacTable::MacTable(graph::Rcu& rcu, size_t buckets)
    : rcu_(rcu), mask_(buckets - 1), most_(2 * buckets), buckets_(buckets, graph::Pages::large) {}

MacTable::~MacTable() {
    // Places that still rest are of this table.
    rcu_.flush();
}

MacTable::Entry* MacTable::free_place(Station station) {
    for (const uint32_t hash : {first_of(station), second_of(station)}) {
        if (Entry* place = find_in(buckets_[hash & mask_], 0); place != nullptr) {
            return place;
        }
    }
    return nullptr;
}

bool MacTable::put(Station station, Index interface, bool fixed, Tick now) {
    const uint32_t where = interface | (fixed ? Entry::fixed_flag : 0);
    if (const auto known = places_.find(station); known != places_.end()) {
        known->second->heard.store(now, std::memory_order_relaxed);
        known->second->where.store(where, std::memory_order_release);
        return true;
    }
    Entry* place = places_.size() < most_ ? free_place(station) : nullptr;
    if (place == nullptr) {
        return false;
    }
    place->where.store(where, std::memory_order_relaxed);
    place->heard.store(now, std::memory_order_relaxed);
    place->station.store(station, std::memory_order_release);
    places_.emplace(station, place);
    return true;
}

void MacTable::give_up(Entry& entry) {
    entry.station.store(resting, std::memory_order_relaxed);
    rcu_.retire([&entry] { entry.station.store(0, std::memory_order_relaxed); });
}

bool MacTable::remove(Station station) {
    const auto known = places_.find(station);
    if (known == places_.end()) {
        return false;
    }
    give_up(*known->second);
    places_.erase(known);
    return true;
}

void MacTable::remove_if(const std::function<bool(Station, const Entry&)>& which) {
    for (auto known = places_.begin(); known != places_.end();) {
        if (which(known->first, *known->second)) {
            give_up(*known->second);
            known = places_.erase(known);
        } else {
            ++known;
        }
    }
}

void MacTable::visit(const std::function<void(Station, const Entry&)>& callback) const {
    for (const auto& [station, entry] : places_) {
        callback(station, *entry);
    }
}

}  // namespace vnet::learning
