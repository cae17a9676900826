// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nmmintrin.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::learning {

using interface::Index;

/// A station of a network on layer 2, such as a bridge: the network's interface above the 48 bits
/// of the address. Never 0.
using Station = uint64_t;
inline Station station(Index bridge, const wire::MacAddress& mac) noexcept {
    return Station(bridge) << 48 | mac.to_uint64();
}
/// The same of an address in the low 48 bits of a number.
constexpr Station station(Index bridge, uint64_t mac) noexcept {
    return Station(bridge) << 48 | mac;
}

/// Coarse time of a worker, for the age of what was learned: 2^30 clocks of the TSC, some tenths of
/// a second.
using Tick = uint32_t;
constexpr Tick tick_of(uint64_t tsc) noexcept {
    return Tick(tsc >> 30);
}

/// Where stations are: by which interface they were last heard, or whatever else has a number.
/// Buckets of four in one cache line,
/// two for each station, mostly the first is enough. Written by the control thread; workers read,
/// and note when they have heard of an entry. A place that was given up is used again when no
/// worker can have it in hand.
class MacTable {
public:
    struct Entry {
        static constexpr uint32_t fixed_flag = 0x8000'0000;
        std::atomic<Station> station;
        std::atomic<uint32_t> where;
        std::atomic<Tick> heard;

        /// What control wrote of the number before it put the station there is seen with it.
        Index interface() const noexcept {
            return where.load(std::memory_order_acquire) & ~fixed_flag;
        }
        /// It was configured: it does not age, and does not move.
        bool fixed() const noexcept {
            return (where.load(std::memory_order_relaxed) & fixed_flag) != 0;
        }
    };

private:
    static constexpr unsigned bucket_entries = 4;
    struct alignas(64) Bucket {
        Entry entries[bucket_entries];
    };

public:
    /// `buckets` is a power of two; a table takes twice as many stations.
    MacTable(graph::Rcu& rcu, size_t buckets);
    ~MacTable();
    MacTable(const MacTable&) = delete;
    MacTable& operator=(const MacTable&) = delete;

    // ---- workers ----

    /// What a worker looks stations up by; to be had anew for each vector. It is small, and a copy
    /// of its own stays in registers.
    class View {
    public:
        /// Where a station is looked for first, once it is on its way to the cache.
        uint32_t prefetch(Station station) const noexcept {
            const uint32_t bucket = first_of(station) & mask_;
            __builtin_prefetch(&buckets_[bucket]);
            return bucket;
        }
        /// Null where nobody knows it. Valid until the worker's next quiescent state. `bucket` is
        /// what prefetch() answered.
        [[gnu::always_inline]] Entry* find(Station station, uint32_t bucket) const noexcept {
            if (Entry* found = find_in(buckets_[bucket], station); found != nullptr) [[likely]] {
                return found;
            }
            return find_in(buckets_[second_of(station) & mask_], station);
        }

    private:
        friend class MacTable;
        View(Bucket* buckets, size_t mask) noexcept : buckets_(buckets), mask_(uint32_t(mask)) {}
        Bucket* buckets_;
        uint32_t mask_;
    };
    View view() noexcept { return {buckets_.data(), mask_}; }
    /// One lookup alone.
    Entry* find(Station station) noexcept {
        const View all = view();
        return all.find(station, all.prefetch(station));
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
    static uint32_t first_of(Station station) noexcept {
        return uint32_t(_mm_crc32_u64(0, station));
    }
    /// Another sum of the same kind would differ from the first by a constant only.
    static uint32_t second_of(Station station) noexcept {
        return uint32_t(station * 0x9e37'79b9'7f4a'7c15 >> 32);
    }
    [[gnu::always_inline]] static Entry* find_in(Bucket& bucket, Station station) noexcept {
        for (Entry& entry : bucket.entries) {
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

}  // namespace vnet::learning
