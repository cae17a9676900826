// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace graph {

/// Turns TSC readings, which workers take, into time of day, which people read. It compares the two
/// clocks when it is made and at every refresh(); a reading of some milliseconds before the last
/// comparison is right to about a microsecond, an older one as far as the clocks ran alike. Not
/// thread-safe.
class WallClock {
public:
    WallClock() noexcept;
    /// Compares the clocks anew: time of day may have been set, and the TSC's rate is an estimate.
    void refresh() noexcept;
    /// Nanoseconds since 1970 (UTC) at a TSC reading of this machine, before or after now.
    uint64_t unix_ns(uint64_t tsc) const noexcept;

private:
    uint64_t tsc_ = 0;
    uint64_t unix_ns_ = 0;
    /// Of the first comparison, by clocks that nobody sets: what the rate is measured from.
    uint64_t first_tsc_ = 0;
    uint64_t first_steady_ns_ = 0;
    double ns_per_clock_ = 0;
};

}  // namespace graph
