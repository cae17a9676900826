// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/dispatch.hpp"
#include "graph/graph.hpp"
#include "graph/slots.hpp"

/// A bench for nodes: packets in as bytes, where they went and what they are then out as data. No
/// daemon, no root, no hugepages.
namespace graph::testing {

/// Starts DPDK's environment once for the test program, with little memory.
void start_eal();
/// A pool of buffers that lives as long as the test program.
PacketPool& pool();

/// One packet as it left the node under test.
struct Result {
    /// The next node's name; "drop" for a dropped packet.
    std::string next;
    /// The drop reason's name, for a dropped packet.
    std::string drop;
    std::vector<std::byte> bytes;
    Metadata meta;
};

/// A small graph: the nodes under test, and a collector for every other name they lead to.
class Bench {
public:
    Bench();
    ~Bench();

    Graph& graph() noexcept { return graph_; }
    SlotMap& slots() noexcept { return slots_; }
    Dispatch& dispatch() noexcept { return *dispatch_; }

    /// Adds a node under test. Node objects are shared with the bench.
    template <class Node>
    NodeId add(std::shared_ptr<const Node> node) {
        return added(graph_.add<Node>(std::move(node)));
    }
    /// Adds a collector by name, for a node that is reached by id (through an adjacency or an
    /// interface).
    NodeId collector(const std::string& name);
    /// Builds the graph; called by run() where it was not.
    void build();

    /// A packet of these bytes, as if received on an interface.
    Packet* packet(std::span<const std::byte> bytes, uint32_t rx_interface = 1);
    /// Runs packets through `node` (and on, until each is in a collector). Results in the order of
    /// arrival at each collector; collectors in the order of their names.
    std::vector<Result> run(const std::string& node, std::span<Packet* const> packets);
    /// The same, `count` copies of one packet in vectors of at most 256: the burst sizes that every
    /// node is tried at.
    std::vector<Result> run(const std::string& node, std::span<const std::byte> bytes,
                            unsigned count = 1, uint32_t rx_interface = 1);
    /// Sum of a drop reason's counter over the bench's life.
    uint64_t drops(const std::string& node, const std::string& reason) const;
    static constexpr unsigned bursts[] = {1, 3, 63, 256};

private:
    struct Collector;
    NodeId added(const absl::StatusOr<NodeId>& id);
    std::map<std::string, std::shared_ptr<Collector>> collectors_;
    std::shared_ptr<Collector> drop_;
    Graph graph_;
    SlotMap slots_;
    std::unique_ptr<Dispatch> dispatch_;
    std::unique_ptr<WorkerRuntime> runtime_;
    std::vector<std::string> under_test_;
};

}  // namespace graph::testing
