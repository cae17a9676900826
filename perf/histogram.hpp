// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace perf {

/// Counts of values by logarithm, each power of two cut into 128 equal steps: a value is known to
/// within 0.8 %, those below 256 exactly. 58 KB whatever is added, and no allocation after the
/// constructor's, so that a loop under measurement may add to it. One thread.
class Histogram {
public:
    Histogram() : counts_((65 - step_bits) << step_bits) {}

    void add(uint64_t value) noexcept {
        ++counts_[bucket(value)];
        ++total_;
        smallest_ = std::min(smallest_, value);
        largest_ = std::max(largest_, value);
    }
    uint64_t total() const noexcept { return total_; }
    /// 0 where nothing was added.
    uint64_t smallest() const noexcept { return total_ == 0 ? 0 : smallest_; }
    uint64_t largest() const noexcept { return largest_; }

    /// The value that `share` (0 to 1) of all values do not exceed, rounded up to its step; 0 where
    /// nothing was added.
    uint64_t percentile(double share) const noexcept {
        const auto wanted = std::clamp<uint64_t>(uint64_t(std::ceil(share * double(total_))), 1,
                                                 std::max<uint64_t>(total_, 1));
        uint64_t seen = 0;
        for (size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted) {
                return std::min(last_of(i), largest_);
            }
        }
        return 0;
    }

    /// Calls `visit(last value, count)` for each step that has any, in order.
    template <class Visit>
    void visit(Visit visit) const {
        for (size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i] != 0) {
                visit(last_of(i), counts_[i]);
            }
        }
    }

private:
    static constexpr unsigned step_bits = 7;

    /// A value's highest bits: the position of the first, and the 7 that follow it.
    static size_t bucket(uint64_t value) noexcept {
        const int shift = std::max(0, int(std::bit_width(value)) - int(step_bits) - 1);
        return (size_t(shift) << step_bits) + size_t(value >> shift);
    }
    static uint64_t last_of(size_t bucket) noexcept {
        const size_t shift = std::max<size_t>(1, bucket >> step_bits) - 1;
        return ((uint64_t(bucket - (shift << step_bits)) + 1) << shift) - 1;
    }

    std::vector<uint64_t> counts_;
    uint64_t total_ = 0;
    uint64_t smallest_ = std::numeric_limits<uint64_t>::max();
    uint64_t largest_ = 0;
};

}  // namespace perf
