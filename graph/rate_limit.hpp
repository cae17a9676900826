// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/dispatch.hpp"
#include "graph/token_bucket.hpp"

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
        : rate_(std::max(limit.per_second, 1U), rte_get_tsc_hz()),
          burst_(std::max(limit.burst, 1U)),
          buckets_(workers) {}

    /// One more may be done now, and is counted. Always, where no worker asks but a dry run, which
    /// does nothing.
    bool allowed(const Dispatch& dispatch) const noexcept {
        return dispatch.worker() >= buckets_.size() ||
               buckets_[dispatch.worker()].tokens.take_all(1, [&]() noexcept {
                   return TokenBucket::Level{rate_.made(dispatch.now_tsc()), burst_};
               });
    }

private:
    struct alignas(64) Bucket {
        TokenBucket tokens;
    };
    TokenRate rate_;
    uint64_t burst_;
    mutable std::vector<Bucket> buckets_;
};

}  // namespace graph
