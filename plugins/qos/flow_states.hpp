// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "graph/stable_array.hpp"
#include "vnet/meter/meter.hpp"

namespace qos {

/// The buckets of many flows, by a number that stands for each: a table of fixed size that all
/// workers share. A flow whose buckets are full needs no place, since a new one would have full
/// buckets as well: so its place is anybody's, nothing ever times out, and nothing is lost by it.
/// Where all places that a flow may have are somebody's, there is none.
class FlowStates {
public:
    static constexpr uint32_t least = 1024;
    static constexpr uint32_t most = 1U << 20;

    /// `flows` is a power of two from `least` to `most`.
    explicit FlowStates(uint32_t flows) : sets_mask_(flows / ways - 1), sets_(flows / ways) {}

    /// The buckets of a flow; nullptr where there is no room. Any worker.
    vnet::meter::State* find(uint64_t key, const vnet::meter::Meter& meter, uint64_t now) noexcept;
    /// The same of a flow that has a place; nullptr for others.
    const vnet::meter::State* peek(uint64_t key) const noexcept;
    graph::MemoryUse memory() const noexcept { return sets_.memory(); }

private:
    static constexpr unsigned ways = 4;
    struct Place {
        /// 0: nobody's.
        std::atomic<uint64_t> key;
        vnet::meter::State state;
    };
    /// Of a flow the place is in one set.
    struct alignas(32) Set {
        Place places[ways];
    };
    static constexpr uint64_t real(uint64_t key) noexcept { return key == 0 ? 1 : key; }
    Set& set_of(uint64_t key) noexcept { return sets_[key & sets_mask_]; }

    const uint64_t sets_mask_;
    graph::StableArray<Set> sets_;
};

}  // namespace qos
