// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "graph/hop.hpp"
#include "graph/limits.hpp"

namespace graph {

/// Node totals over all workers.
struct NodeTotals {
    uint64_t calls = 0;
    uint64_t packets = 0;
    uint64_t clocks = 0;
    uint64_t overflow = 0;
};

/// What nodes and drop reasons did of late: the difference between the last two samples of their
/// totals. The engine samples every second. Control thread.
class Rates {
public:
    using Clock = std::chrono::steady_clock;
    struct Node {
        double packets_per_second = 0;
        double calls_per_second = 0;
        /// 0 where no packet came.
        double clocks_per_packet = 0;
    };

    /// Takes the totals as they stand at `now`, by node and drop reason.
    void take(Clock::time_point now, std::vector<NodeTotals> nodes, std::vector<uint64_t> drops);
    /// Zero for what was not there at both samples.
    Node node(NodeId id) const noexcept;
    /// Packets a second.
    double drop(DropId id) const noexcept;
    /// Length of the time that the rates are of; 0 before there are two samples.
    double seconds() const noexcept;

private:
    struct Sample {
        Clock::time_point when;
        std::vector<NodeTotals> nodes;
        std::vector<uint64_t> drops;
    };
    Sample before_;
    Sample last_;
};

/// How workers spent their time lately. Control takes a sample of each every second. Control
/// thread.
class WorkerClocks {
public:
    /// TSC clocks: since the machine's start, in rounds that found packets, asleep.
    struct Sample {
        uint64_t tsc = 0;
        uint64_t busy = 0;
        uint64_t asleep = 0;
    };

    explicit WorkerClocks(unsigned workers) : samples_(workers) {}
    void take(unsigned worker, const Sample& sample) {
        samples_[worker].push_back(sample);
        if (samples_[worker].size() > kept) {
            samples_[worker].pop_front();
        }
    }
    /// What was added between the oldest sample, some seconds ago, and `now`.
    Sample since(unsigned worker, const Sample& now) const {
        const Sample past = samples_[worker].empty() ? now : samples_[worker].front();
        return {now.tsc - past.tsc, now.busy - past.busy, now.asleep - past.asleep};
    }

private:
    static constexpr size_t kept = 5;
    std::vector<std::deque<Sample>> samples_;
};

}  // namespace graph
