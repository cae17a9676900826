// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "vnet/proto/trace.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/steps.hpp"

namespace vnet::service {

/// Gathers what the workers' tracers recorded, by packet, and puts it into words. Control thread.
class Traces {
public:
    /// Packets that are kept; the oldest give way.
    static constexpr size_t most_packets = 1000;

    explicit Traces(Router& router)
        : router_(router), names_(router.interfaces()), steps_(router, &names_) {}

    /// Has every worker trace the packets that the request selects. Refused as a whole.
    absl::Status add(const sluice::AddTraceRequest& request);
    void clear();
    /// The last `packets` traced packets, oldest first.
    std::vector<sluice::TracedPacket> list(size_t packets);
    /// Steps that found no room, since the last add() or clear().
    uint64_t lost() const { return lost_by_workers() - lost_before_; }
    static std::string text(const std::vector<sluice::TracedPacket>& packets);

private:
    absl::StatusOr<graph::TraceFilter> compile(const sluice::AddTraceRequest& request) const;
    absl::Status choose_nodes(const std::string& name, graph::TraceFilter& filter) const;
    absl::Status choose_drops(const std::string& text, graph::TraceFilter& filter) const;
    /// Each worker's order in the place of the one before; nullptr: none.
    void arm(const graph::TraceFilter* filter, uint32_t packets);
    void collect();
    uint64_t lost_by_workers() const;

    Router& router_;
    const PastNames names_;
    const Steps steps_;
    uint64_t lost_before_ = 0;
    /// By the packet's number over all workers, in order of their first records.
    std::deque<uint64_t> order_;
    std::map<uint64_t, std::vector<graph::TraceRecord>> packets_;
};

}  // namespace vnet::service
