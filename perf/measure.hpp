// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "perf/paths.hpp"

namespace perf {

struct Load {
    /// Packets for each round of the worker's loop: 1 to 256.
    unsigned vector = 256;
    /// Bytes of each packet, Ethernet header included, frame check sequence not: 60 to 1514.
    unsigned size = 60;
    double seconds = 1;
    /// Instead of a time, so many packets; for counting instructions. 0: by time.
    uint64_t packets = 0;
};

struct NodeCost {
    std::string name;
    double clocks_per_packet = 0;
    double vectors_per_call = 0;
};

struct Result {
    double clocks_per_packet = 0;
    std::vector<NodeCost> nodes;
    uint64_t packets = 0;
    uint64_t dropped = 0;
};

/// Runs packets through the graph on the calling thread, with a generator in front whose clocks do
/// not count. The clocks of the path are those from the first packet queued to the last gone, all
/// of the engine's own work included; those of the nodes come from the engine's counters.
class Measure {
public:
    Measure(graph::Engine& engine, vnet::Router& router, const Ends& ends,
            std::vector<vnet::wire::Ip4Address> destinations, const Load& load);
    Result run();

private:
    /// Makes one vector and queues it. False when buffers ran out.
    bool generate();
    uint64_t rounds(double seconds, uint64_t packets);

    graph::Engine& engine_;
    graph::Dispatch& dispatch_;
    const Ends ends_;
    const std::vector<vnet::wire::Ip4Address> destinations_;
    const Load load_;
    graph::NodeId first_node_;
    std::vector<std::byte> frame_;
    size_t next_ = 0;
    uint64_t clocks_ = 0;
};

}  // namespace perf
