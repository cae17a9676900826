// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "graph/token_bucket.hpp"

namespace vnet::punt {

/// So many packets a second, over all workers. A flood that is over the limit only reads, so that
/// no cache line moves. Set by control.
class RateLimit {
public:
    /// `clocks_per_second` of the clock that allows() is told, the TSC.
    explicit RateLimit(uint64_t clocks_per_second) : clocks_per_second_(clocks_per_second) {}

    /// Packets a second; 0: none. After a pause a tenth of that may pass at once, and 16 at least.
    void set(uint32_t rate) noexcept {
        rate_.store(rate, std::memory_order_relaxed);
        burst_.store(rate == 0 ? 0 : std::max<uint64_t>(rate / 10 + 1, least_burst),
                     std::memory_order_relaxed);
        tokens_.store(graph::TokenRate(rate, clocks_per_second_), std::memory_order_relaxed);
        bucket_.fill();
    }
    uint32_t rate() const noexcept { return rate_.load(std::memory_order_relaxed); }

    /// One more packet may pass at `now`, and is counted for it. Any worker.
    bool allows(uint64_t now) noexcept {
        return bucket_.take_all(1, [&]() noexcept {
            return graph::TokenBucket::Level{tokens_.load(std::memory_order_relaxed).made(now),
                                             burst_.load(std::memory_order_relaxed)};
        });
    }

private:
    static constexpr uint64_t least_burst = 16;

    const uint64_t clocks_per_second_;
    alignas(64) graph::TokenBucket bucket_;
    std::atomic<graph::TokenRate> tokens_{};
    std::atomic<uint64_t> burst_{0};
    std::atomic<uint32_t> rate_{0};
};

}  // namespace vnet::punt
