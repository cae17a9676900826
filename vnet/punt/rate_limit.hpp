// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace vnet::punt {

/// So many packets a second, over all workers: the generic cell rate algorithm (ITU-T I.371), one
/// atomic word. A flood that is over the limit only reads it, so that no cache line moves. Set by
/// control.
class RateLimit {
public:
    /// `clocks_per_second` of the clock that allows() is told, the TSC.
    explicit RateLimit(uint64_t clocks_per_second) : clocks_per_second_(clocks_per_second) {}

    /// Packets a second; 0: none. After a pause a tenth of that may pass at once, and 16 at least.
    void set(uint32_t rate) noexcept {
        const uint64_t interval = rate == 0 ? 0 : std::max<uint64_t>(clocks_per_second_ / rate, 1);
        interval_.store(interval, std::memory_order_relaxed);
        burst_.store(std::max(clocks_per_second_ / 10, 15 * interval), std::memory_order_relaxed);
        rate_.store(rate, std::memory_order_relaxed);
    }
    uint32_t rate() const noexcept { return rate_.load(std::memory_order_relaxed); }

    /// One more packet may pass at `now`, and is counted for it. Any worker.
    bool allows(uint64_t now) noexcept {
        const uint64_t interval = interval_.load(std::memory_order_relaxed);
        const uint64_t burst = burst_.load(std::memory_order_relaxed);
        uint64_t due = due_.load(std::memory_order_relaxed);
        for (;;) {
            const uint64_t from = std::max(due, now);
            if (interval == 0 || from - now > burst) {
                return false;
            }
            if (due_.compare_exchange_weak(due, from + interval, std::memory_order_relaxed)) {
                return true;
            }
        }
    }

private:
    const uint64_t clocks_per_second_;
    /// When the packets that have passed are paid for.
    alignas(64) std::atomic<uint64_t> due_{0};
    /// Clocks that one packet costs; 0: none passes.
    std::atomic<uint64_t> interval_{0};
    /// How far ahead of the time may be paid.
    std::atomic<uint64_t> burst_{0};
    std::atomic<uint32_t> rate_{0};
};

}  // namespace vnet::punt
