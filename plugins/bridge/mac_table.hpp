// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_hash_crc.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/mac.hpp"

namespace bridge {

using vnet::interface::Index;

/// A station of a bridge: the bridge's interface above the 48 bits of the address. Never 0.
using Station = uint64_t;
inline Station station(Index bridge, const vnet::wire::MacAddress& mac) noexcept {
    return Station(bridge) << 48 | mac.to_uint64();
}

/// Coarse time of a worker, for the age of what was learned: 2^30 clocks of the TSC, some tenths of
/// a second.
using Tick = uint32_t;
constexpr Tick tick_of(uint64_t tsc) noexcept {
    return Tick(tsc >> 30);
}

/// Where stations are: by which interface they were last heard. Buckets of four in one cache line,
/// two for each station, mostly the first is enough. Written by the control thread; workers read,
/// and note when they have heard of an entry. A place that was given up is used again when no
/// worker can have it in hand.
class MacTable {
public:
    struct Entry {
        std::atomic<Station> station;
        std::atomic<uint32_t> where;
        std::atomic<Tick> heard;

        Index interface() const noexcept {
            return where.load(std::memory_order_relaxed) & ~fixed_flag;
        }
        /// It was configured: it does not age, and does not move.
        bool fixed() const noexcept {
            return (where.load(std::memory_order_relaxed) & fixed_flag) != 0;
        }
    };

    /// `buckets` is a power of two; a table takes twice as many stations.
    MacTable(graph::Rcu& rcu, size_t buckets);
    ~MacTable();
    MacTable(const MacTable&) = delete;
    MacTable& operator=(const MacTable&) = delete;

    // ---- workers ----

    void prefetch(Station station) const noexcept { __builtin_prefetch(&buckets_[first(station)]); }
    /// Null where nobody knows it. Valid until the worker's next quiescent state.
    Entry* find(Station station) noexcept {
        if (Entry* found = find_in(first(station), station); found != nullptr) [[likely]] {
            return found;
        }
        return find_in(second(station), station);
    }

    // ---- control ----

    /// Adds a station, or says anew where it is. False where there is no room.
    bool put(Station station, Index interface, bool fixed, Tick now);
    bool remove(Station station);
    /// Removes all for which `which` answers true.
    void remove_if(const std::function<bool(Station, const Entry&)>& which);
    void visit(const std::function<void(Station, const Entry&)>& callback) const;
    size_t size() const noexcept { return places_.size(); }
    size_t capacity() const noexcept { return most_; }

private:
    static constexpr uint32_t fixed_flag = 0x8000'0000;
    static constexpr unsigned bucket_entries = 4;
    struct alignas(64) Bucket {
        Entry entries[bucket_entries];
    };

    size_t first(Station station) const noexcept { return rte_hash_crc_8byte(station, 0) & mask_; }
    size_t second(Station station) const noexcept {
        return rte_hash_crc_8byte(station, 0x9e3779b9) & mask_;
    }
    Entry* find_in(size_t bucket, Station station) noexcept {
        for (Entry& entry : buckets_[bucket].entries) {
            if (entry.station.load(std::memory_order_acquire) == station) {
                return &entry;
            }
        }
        return nullptr;
    }
    Entry* free_place(Station station);
    void give_up(Entry& entry);

    graph::Rcu& rcu_;
    const size_t mask_;
    const size_t most_;
    graph::StableArray<Bucket> buckets_;
    std::unordered_map<Station, Entry*> places_;
};

}  // namespace bridge
