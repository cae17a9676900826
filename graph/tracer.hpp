// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_ring.h>

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "graph/attention.hpp"
#include "graph/packet.hpp"

namespace graph {

/// A traced packet as it stood in front of one node.
struct TraceRecord {
    static constexpr unsigned captured_bytes = 128;

    /// Which traced packet, over all workers.
    uint64_t packet;
    uint64_t tsc;
    NodeId node;
    uint16_t worker;
    uint16_t captured;
    uint32_t length;
    Metadata meta;
    /// The packet's first bytes.
    std::array<std::byte, captured_bytes> bytes;
    std::array<std::byte, slot_bytes> slots;
};

/// One worker's side of packet tracing: marks packets in front of the armed node, records marked
/// ones in front of every node they meet. Recording copies; text is made later, by control.
/// Bounded: what does not fit is counted, never waited for.
class Tracer {
public:
    static constexpr unsigned capacity = 4096;

    /// `attention` is the worker's, and is told while there is something to trace.
    explicit Tracer(Attention& attention);

    // ---- control thread ----

    /// Marks the next `packets` packets in front of `node`.
    void arm(NodeId node, uint32_t packets) noexcept;
    /// Stops marking and recording.
    void disarm() noexcept;
    /// Takes what was recorded since the last call.
    void collect(std::vector<TraceRecord>& into);
    uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

    // ---- the worker ----

    bool active() const noexcept { return attention_.has(Attention::trace); }
    void record(NodeId node, std::span<Packet* const> packets, uint64_t now_tsc) noexcept;
    void set_worker(uint16_t worker) noexcept { worker_ = worker; }

private:
    Attention& attention_;
    /// Node in the upper half, packets left to mark in the lower.
    std::atomic<uint64_t> armed_{0};
    std::atomic<uint64_t> lost_{0};
    /// Single producer (the worker), single consumer (control).
    std::atomic<uint32_t> head_{0};
    std::atomic<uint32_t> tail_{0};
    std::unique_ptr<TraceRecord[]> records_;
    uint32_t next_mark_ = 0;
    uint16_t worker_ = 0;
};

}  // namespace graph
