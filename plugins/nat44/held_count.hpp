// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "vnet/flow/timers.hpp"

namespace nat44 {

/// How much is held down at a time (HoldDown). What is held longest is given back when somebody
/// looks for it, which may be much later; so it is counted by when its time is over, and what is
/// over is not counted, whether it was given back or not. To an eighth of that time, rounded up.
/// One worker counts, control takes off what went with its address, any thread reads.
class HeldCount {
public:
    /// All is held for so long.
    explicit HeldCount(vnet::flow::Tick ticks) : each_(ticks / parts + 1) {}
    HeldCount(const HeldCount&) = delete;
    HeldCount& operator=(const HeldCount&) = delete;

    /// The worker: one more is held until `due`, or one less; `change` is 1 or -1.
    void count(vnet::flow::Tick due, int change) noexcept { count(held_, due, change); }
    /// Control thread: one less, which no worker has in hand any more.
    void drop(vnet::flow::Tick due) noexcept { count(dropped_, due, 1); }

    /// Any thread.
    uint32_t held(vnet::flow::Tick now) const noexcept {
        const int64_t all = int64_t{sum(held_, now)} - sum(dropped_, now);
        return all < 0 ? 0 : uint32_t(all);
    }

private:
    /// Of the time that something is held.
    static constexpr uint32_t parts = 8;
    /// More than parts that something held at one time may be due in.
    static constexpr uint32_t places = 16;
    /// The part of time in the upper half, how much is due then in the lower one.
    using Places = std::array<std::atomic<uint64_t>, places>;

    void count(Places& all, vnet::flow::Tick due, int change) const noexcept {
        const uint32_t part = due / each_;
        std::atomic<uint64_t>& place = all[part % places];
        const uint64_t now = place.load(std::memory_order_relaxed);
        const uint32_t there = uint32_t(now >> 32) == part ? uint32_t(now) : 0;
        // What is given back so late that its place is another one's is not counted any more.
        if (change > 0 || there != 0) {
            place.store(uint64_t{part} << 32 | uint32_t(there + uint32_t(change)),
                        std::memory_order_relaxed);
        }
    }
    uint32_t sum(const Places& all, vnet::flow::Tick now) const noexcept {
        uint32_t found = 0;
        for (const std::atomic<uint64_t>& place : all) {
            const uint64_t is = place.load(std::memory_order_relaxed);
            found += int32_t(uint32_t(is >> 32) - now / each_) >= 0 ? uint32_t(is) : 0;
        }
        return found;
    }

    const vnet::flow::Tick each_;
    Places held_{};
    Places dropped_{};
};

}  // namespace nat44
