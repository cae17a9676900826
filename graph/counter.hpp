// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "graph/hop.hpp"
#include "graph/limits.hpp"

namespace graph {

/// A number that one thread counts up and any thread reads: no lock prefix, no torn value.
class Counter {
public:
    void add(uint64_t n) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void set(uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<uint64_t> value_{0};
};

/// What one worker counts for one node.
struct alignas(32) NodeCounters {
    /// Times the node was called.
    Counter calls;
    Counter packets;
    /// TSC clocks spent in it, dispatch included; while vectors are small an estimate from one of
    /// about sixteen.
    Counter clocks;
    /// Packets that did not fit in any frame and were dropped in front of the node.
    Counter overflow;
};

/// All that one worker counts. Written by that worker, read by any thread.
struct WorkerCounters {
    std::array<NodeCounters, max_nodes> nodes;
    std::array<Counter, max_drops> drops;
    /// Rounds of the loop, rounds that found packets, and clocks spent in those.
    Counter loops;
    Counter busy_loops;
    Counter busy_clocks;
    /// Sleeps begun, and clocks spent asleep.
    Counter sleeps;
    Counter sleep_clocks;
    /// What ended sleeps: a source's descriptor or another worker's packets; the timer; control.
    Counter wakes_packets;
    Counter wakes_timer;
    Counter wakes_control;
    /// Clocks by which the timer ended sleeps later than asked for, over all wakes_timer.
    Counter late_clocks;
    /// The longest that the sleep begun last may take, in microseconds; 0: the worker is busy.
    Counter sleep_us;
};

}  // namespace graph
