// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/dispatch.hpp"

namespace graph {

/// So many a second, and so many at once after a pause: a token bucket for each worker, which it
/// alone touches. Made by control, asked by nodes.
class RateLimit {
public:
    struct Limit {
        uint32_t per_second = 1000;
        uint32_t burst = 50;
    };

    RateLimit(unsigned workers, const Limit& limit)
        : clocks_each_(rte_get_tsc_hz() / std::max(limit.per_second, 1U)),
          clocks_most_(clocks_each_ * std::max(limit.burst, 1U)),
          buckets_(workers, Bucket{0, clocks_most_}) {}

    /// One more may be done now, and is counted. Always, where no worker asks but a dry run, which
    /// does nothing.
    bool allowed(const Dispatch& dispatch) const noexcept {
        if (dispatch.worker() >= buckets_.size()) {
            return true;
        }
        Bucket& bucket = buckets_[dispatch.worker()];
        const uint64_t now = dispatch.now_tsc();
        bucket.clocks = std::min(clocks_most_, bucket.clocks + (now - bucket.last_tsc));
        bucket.last_tsc = now;
        if (bucket.clocks < clocks_each_) {
            return false;
        }
        bucket.clocks -= clocks_each_;
        return true;
    }

private:
    /// Tokens of one worker: TSC clocks that may still be spent.
    struct alignas(64) Bucket {
        uint64_t last_tsc = 0;
        uint64_t clocks = 0;
    };
    uint64_t clocks_each_;
    uint64_t clocks_most_;
    mutable std::vector<Bucket> buckets_;
};

}  // namespace graph
