// SPDX-License-Identifier: Apache-2.0
#include "graph/wall_clock.hpp"

#include <rte_cycles.h>

#include <chrono>

namespace graph {

namespace {
constexpr double ns_per_s = 1e9;
/// Below this the two readings of a comparison belong together.
constexpr uint64_t close_ns = 2000;
constexpr unsigned most_tries = 8;
/// A rate measured over less time than this is no better than DPDK's.
constexpr uint64_t long_enough_ns = 1'000'000'000;

uint64_t ns_of(auto time_point) noexcept {
    return uint64_t(std::chrono::nanoseconds(time_point.time_since_epoch()).count());
}
}  // namespace

WallClock::WallClock() noexcept : ns_per_clock_(ns_per_s / double(rte_get_tsc_hz())) {
    refresh();
    first_tsc_ = rte_rdtsc();
    first_steady_ns_ = ns_of(std::chrono::steady_clock::now());
}

void WallClock::refresh() noexcept {
    // A thread may be interrupted between the two readings: take the closest pair.
    uint64_t closest = UINT64_MAX;
    for (unsigned i = 0; i<most_tries&& double(closest) * ns_per_clock_> close_ns; ++i) {
        const uint64_t before = rte_rdtsc();
        const uint64_t now_ns = ns_of(std::chrono::system_clock::now());
        const uint64_t apart = rte_rdtsc() - before;
        if (apart < closest) {
            closest = apart;
            tsc_ = before + apart / 2;
            unix_ns_ = now_ns;
        }
    }
    if (first_tsc_ == 0) {
        return;
    }
    const uint64_t passed_ns = ns_of(std::chrono::steady_clock::now()) - first_steady_ns_;
    if (passed_ns > long_enough_ns) {
        ns_per_clock_ = double(passed_ns) / double(rte_rdtsc() - first_tsc_);
    }
}

uint64_t WallClock::unix_ns(uint64_t tsc) const noexcept {
    const auto away = int64_t(tsc - tsc_);
    return uint64_t(int64_t(unix_ns_) + int64_t(double(away) * ns_per_clock_));
}

}  // namespace graph
