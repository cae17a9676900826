// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "graph/counter.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"

namespace ttl_guard {

using vnet::interface::Index;

/// The lowest TTL that each interface lets pass, and what was counted there. Pure state, which
/// knows no graph: control sets it, workers read it and count. Kept by the plugin.
class Floors {
public:
    struct Totals {
        uint64_t passed = 0;
        uint64_t dropped = 0;
    };

    /// `contexts` as in graph::Engine::contexts(): a place to count for each worker, and a last one
    /// for dry runs, which belongs in no total.
    explicit Floors(unsigned contexts);

    // ---- control thread ----

    /// 1 to 255. Counting begins at zero where the interface had no floor.
    void set(Index interface, uint8_t floor);
    void remove(Index interface);
    /// 0: it has none.
    uint8_t floor(Index interface) const;
    Totals totals(Index interface) const;
    /// Interfaces that have a floor, in the order of their indexes.
    std::vector<Index> interfaces() const;

    // ---- workers ----

    /// One byte that control may change at any time; nothing else goes with it, so it needs no
    /// order.
    uint8_t lowest(uint32_t interface) const noexcept {
        return floors_[interface].load(std::memory_order_relaxed);
    }
    void count_passed(unsigned worker, uint32_t interface) noexcept {
        (*counters_[worker])[interface].passed.add(1);
    }
    void count_dropped(unsigned worker, uint32_t interface) noexcept {
        (*counters_[worker])[interface].dropped.add(1);
    }

private:
    struct Counters {
        graph::Counter passed;
        graph::Counter dropped;
    };
    Totals sum(Index interface) const;

    /// By interface. Zero, as the array begins: every TTL passes.
    graph::StableArray<std::atomic<uint8_t>> floors_;
    /// By worker, then by interface: each counter has one writer.
    std::vector<std::unique_ptr<graph::StableArray<Counters>>> counters_;
    /// What had been counted when the floor was set. Workers' counters never go back.
    std::map<Index, Totals> base_;
};

}  // namespace ttl_guard
