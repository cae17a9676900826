// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "graph/engine.hpp"

namespace graph {

/// Sends a packet through the graph that the workers run, without any effect: the same version, the
/// same node objects, the same tables, but on the control thread, with counters that nobody sums
/// up, and with the packet's way ended in front of whatever would act on the world
/// (NodeKind::output and NodeSpec::effects). A node's state for each worker is asked for
/// Engine::dry_context().
///
/// It costs some megabytes while it lives, and nothing else. The engine must have a version.
/// Control thread.
class DryRun {
public:
    /// Times that a node is met, over all packets, before the run is broken off.
    static constexpr unsigned most_steps = 500;

    enum class End {
        /// Freed by the node "drop", for the reason in the last record.
        dropped,
        /// In front of an output.
        transmitted,
        /// In front of a node with effects.
        taken,
        /// A node kept it, or freed it without a word.
        kept,
        /// Behind most_steps.
        stopped,
    };
    /// One packet: the one that was sent in, or one that a node made on the way.
    struct Path {
        std::vector<TraceRecord> records;
        End end = End::kept;
    };

    explicit DryRun(Engine& engine);
    ~DryRun();
    DryRun(const DryRun&) = delete;
    DryRun& operator=(const DryRun&) = delete;

    /// Takes the packet and sends it to `start`. Its own path is first; paths of packets that nodes
    /// made follow in their order.
    std::vector<Path> run(Packet& packet, NodeId start);
    /// Where a packet of the arc begins: its first feature that is on, or the arc's end.
    NodeId first_of(ArcId arc, Packet& packet) const noexcept;

private:
    /// What stands in for a node.
    struct Visit {
        DryRun* run = nullptr;
        void (*process)(const void* self, Dispatch& dispatch, Frame& frame) noexcept = nullptr;
        const void* self = nullptr;
        NodeId node = no_node;
        End end = End::kept;
    };
    static void visit(const void* self, Dispatch& dispatch, Frame& frame) noexcept;
    void record(const Visit& visit, Packet& packet, uint64_t now_tsc);

    Engine& engine_;
    Dispatch dispatch_;
    std::vector<Visit> visits_;
    std::unique_ptr<WorkerRuntime> runtime_;
    std::vector<Path> paths_;
    unsigned steps_ = 0;
};

}  // namespace graph
