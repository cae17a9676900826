// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "perf/paths.hpp"

namespace perf {

struct Load {
    /// Packets for each round of the worker's loop: 1 to 256.
    unsigned vector = 256;
    /// Bytes of each packet, Ethernet header included, frame check sequence not: 60 to 1514. 0: as
    /// the path has it.
    unsigned size = 0;
    double seconds = 1;
    /// Instead of a time, so many packets; for counting instructions. 0: by time.
    uint64_t packets = 0;
};

struct NodeCost {
    std::string name;
    /// For each packet of the path, however often it passes the node: all nodes together are about
    /// the path.
    double clocks_per_packet = 0;
    double vectors_per_call = 0;
    /// How often a packet passes it: 2 for most nodes of a path that leads through the router
    /// twice.
    double visits = 0;
};

struct Result {
    double clocks_per_packet = 0;
    std::vector<NodeCost> nodes;
    uint64_t packets = 0;
    /// Those that did not come to their end.
    uint64_t dropped = 0;
};

/// Runs packets through the graph on the calling thread, with a generator in front whose clocks do
/// not count. The clocks of the path are those from the first packet queued to the last gone, all
/// of the engine's own work included; those of the nodes come from the engine's counters.
class Measure {
public:
    /// `path` must be set up and its engine's plan taken up.
    Measure(graph::Engine& engine, vnet::Router& router, const Ends& ends, const Path& path,
            const Load& load);
    Result run();

private:
    /// Makes one vector and queues it. False when buffers ran out.
    bool generate();
    /// Receives what left on the way and takes it on, until the vector is back. Those that stay
    /// away are counted as lost.
    void take_back();
    uint64_t rounds(double seconds, uint64_t packets);

    graph::Engine& engine_;
    graph::Dispatch& dispatch_;
    const Ends ends_;
    void address(graph::Packet& packet);

    const std::vector<vnet::wire::Ip4Address> destinations_;
    const std::vector<vnet::wire::Ip6Address> destinations6_;
    const Macs macs_;
    const std::function<void(graph::Packet&, uint64_t)> shape_;
    std::minstd_rand random_;
    const Load load_;
    const unsigned size_;
    graph::NodeId first_node_;
    /// None where no packet comes back.
    const std::shared_ptr<graph::Source> back_;
    std::vector<std::byte> frame_;
    size_t next_ = 0;
    uint64_t made_ = 0;
    uint64_t clocks_ = 0;
    uint64_t lost_ = 0;
};

}  // namespace perf
