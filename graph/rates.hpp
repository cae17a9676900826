// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
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

}  // namespace graph
