// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/host_table.hpp"

namespace bridge {

std::string text_of(const vnet::wire::Ip6Address& address) {
    return address.is_ip4_mapped() ? vnet::wire::Ip4Address(uint32_t(address.low())).to_string()
                                   : address.to_string();
}

HostTable::HostTable(graph::Rcu& rcu, size_t buckets)
    : rcu_(rcu), mask_(buckets - 1), buckets_(buckets) {}

HostTable::~HostTable() {
    // What is still to be let go of lies here.
    rcu_.flush();
}

std::array<size_t, 2> HostTable::buckets_of(const HostKey& key) const noexcept {
    const uint64_t hash = key.hash();
    // Another checksum would differ from the first by a constant only.
    return {hash & mask_, (hash * 0x9e37'79b9'7f4a'7c15 >> 32) & mask_};
}

const HostTable::Host* HostTable::find(const HostKey& key) const noexcept {
    for (const size_t bucket : buckets_of(key)) {
        for (const auto& place : buckets_[bucket].places) {
            const Host* host = place.load(std::memory_order_acquire);
            if (host != nullptr && host->key == key) {
                return host;
            }
        }
    }
    return nullptr;
}

std::atomic<const HostTable::Host*>* HostTable::free_place(const HostKey& key) noexcept {
    for (const size_t bucket : buckets_of(key)) {
        for (auto& place : buckets_[bucket].places) {
            if (place.load(std::memory_order_relaxed) == nullptr) {
                return &place;
            }
        }
    }
    return nullptr;
}

bool HostTable::put(const HostKey& key, const HostFacts& facts, Tick now) {
    const auto known = places_.find(key);
    std::atomic<const Host*>* at = nullptr;
    if (known != places_.end()) {
        at = known->second.at;
    } else if (places_.size() < 4 * (mask_ + 1)) {
        at = free_place(key);
    }
    if (at == nullptr) {
        return false;
    }
    auto host = std::make_shared<Host>();
    host->key = key;
    host->facts = facts;
    host->heard.store(now, std::memory_order_relaxed);
    at->store(host.get(), std::memory_order_release);
    Place& place = places_[key];
    if (place.host != nullptr) {
        rcu_.retire([before = std::move(place.host)] {});
    }
    place = {at, std::move(host)};
    return true;
}

HostTable::Places::iterator HostTable::give_up(Places::iterator known) {
    known->second.at->store(nullptr, std::memory_order_relaxed);
    rcu_.retire([before = std::move(known->second.host)] {});
    return places_.erase(known);
}

bool HostTable::remove(const HostKey& key) {
    const auto known = places_.find(key);
    if (known == places_.end()) {
        return false;
    }
    give_up(known);
    return true;
}

void HostTable::remove_if(const std::function<bool(const Host&)>& which) {
    for (auto known = places_.begin(); known != places_.end();) {
        known = which(*known->second.host) ? give_up(known) : std::next(known);
    }
}

void HostTable::visit(const std::function<void(const Host&)>& callback) const {
    for (const auto& [key, place] : places_) {
        callback(*place.host);
    }
}

}  // namespace bridge
