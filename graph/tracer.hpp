// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <bitset>
#include <memory>
#include <span>
#include <vector>

#include "graph/attention.hpp"
#include "graph/trace_filter.hpp"
#include "graph/trace_record.hpp"

namespace graph {

/// What one worker is told to trace. Made by control, counted down by the worker.
struct TraceOrder {
    TraceFilter filter;
    /// Packets still to be traced.
    std::atomic<uint32_t> left{0};
};

/// One worker's side of packet tracing: marks packets that a filter selects, records marked ones in
/// front of every node they meet. Recording copies; text is made later, by control. Bounded: what
/// does not fit is counted, never waited for.
///
/// With a filter by drop reason every packet that the other conditions select is recorded, and
/// when the worker has run all that was pending it keeps those that were dropped for the reason
/// and takes the room of the others back: the rare packet of a busy router is found at full rate.
class Tracer {
public:
    static constexpr unsigned capacity = 4096;

    /// `attention` is the worker's, and is told while there is something to trace.
    explicit Tracer(Attention& attention);
    /// The worker must have ended.
    ~Tracer();
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    // ---- control thread ----

    /// Gives the worker an order, or none with nullptr, and returns the one before, which may be
    /// destroyed when the worker has passed a quiescent state (Rcu::retire).
    std::unique_ptr<TraceOrder> arm(std::unique_ptr<TraceOrder> order) noexcept;
    /// Takes what was recorded since the last call.
    void collect(std::vector<TraceRecord>& into);
    /// Records that found no room.
    uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

    // ---- the worker ----

    bool active() const noexcept { return attention_.has(Attention::trace); }
    void record(NodeId node, std::span<Packet* const> packets, uint64_t now_tsc) noexcept;
    /// Nothing is pending any longer: judges what was recorded by drop reason.
    void settle() noexcept;
    void set_worker(uint16_t worker) noexcept { worker_ = worker; }

private:
    TraceOrder* current() noexcept;
    void write(const Packet& packet, NodeId node, uint64_t now_tsc) noexcept;
    void publish() noexcept { head_.store(next_, std::memory_order_release); }

    Attention& attention_;
    std::atomic<TraceOrder*> order_{nullptr};
    std::atomic<uint64_t> lost_{0};
    /// Single producer (the worker), single consumer (control).
    std::atomic<uint32_t> head_{0};
    std::atomic<uint32_t> tail_{0};
    std::unique_ptr<TraceRecord[]> records_;

    // The worker's own.
    /// Records are written here; those from head_ on are not public yet.
    uint32_t next_ = 0;
    /// The order of the last call: another one begins anew.
    const TraceOrder* last_order_ = nullptr;
    uint32_t next_mark_ = 0;
    /// The first mark since the last settle().
    uint32_t round_mark_ = 1;
    /// By mark since round_mark_: packets that are kept.
    std::bitset<capacity> kept_;
    uint16_t worker_ = 0;
};

}  // namespace graph
