// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "vnet/proto/trace.pb.h"
#include "vnet/router.hpp"

namespace vnet::service {

/// Gathers what the workers' tracers recorded, by packet, and puts it into words. Control thread.
class Traces {
public:
    /// Packets that are kept; the oldest give way.
    static constexpr size_t most_packets = 1000;

    explicit Traces(Router& router) : router_(router) {}

    absl::Status add(const std::string& node, uint32_t packets);
    void clear();
    /// The last `packets` traced packets, oldest first.
    std::vector<sluice::TracedPacket> list(size_t packets);
    std::string text(size_t packets);

private:
    void collect();
    sluice::TraceStep describe(const graph::TraceRecord& record, uint64_t first_tsc) const;

    Router& router_;
    /// By the packet's number over all workers, in order of their first records.
    std::deque<uint64_t> order_;
    std::map<uint64_t, std::vector<graph::TraceRecord>> packets_;
};

}  // namespace vnet::service
