// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_cycles.h>

#include <span>
#include <string_view>

#include "graph/attention.hpp"
#include "graph/counter.hpp"
#include "graph/flight_recorder.hpp"
#include "graph/frame.hpp"
#include "graph/hop.hpp"
#include "graph/packet_pool.hpp"
#include "graph/runtime.hpp"
#include "graph/tap.hpp"
#include "graph/tracer.hpp"

namespace graph {

/// One worker's data path: the frames under way, the order in which nodes run, and what a node may
/// ask of its worker. Used by the worker's thread only, but for the counters.
class Dispatch {
public:
    Dispatch(unsigned worker, PacketPool& pool);
    Dispatch(const Dispatch&) = delete;
    Dispatch& operator=(const Dispatch&) = delete;
    ~Dispatch();

    // ---- for nodes ----

    /// Index of this worker, from 0. For state that a node keeps for each worker.
    unsigned worker() const noexcept { return worker_; }
    /// TSC at the last boundary between two nodes, or, while vectors are small, at the beginning of
    /// the round. Good enough for timers; no cost.
    uint64_t now_tsc() const noexcept { return now_tsc_; }
    PacketPool& pool() noexcept { return pool_; }

    /// Where the packet goes behind this node on the arc it is on.
    Hop next_feature(const Packet& packet) const noexcept {
        const Metadata& meta = packet.meta();
        const ArcRuntime& arc = *runtime_->version->arcs[meta.arc];
        const uint8_t position = current_->positions[meta.arc];
        if (position == no_position) [[unlikely]] {
            return Hop::node(arc.end);
        }
        // Two shifts, since a shift by 64 would be undefined.
        const uint64_t later = ~uint64_t(0) << position << 1;
        return arc.first(arc.mask(meta) & later);
    }
    /// Puts the packet on an arc: its first enabled feature, or `otherwise` where none is on.
    Hop start_arc(ArcId arc_id, Packet& packet, Hop otherwise) const noexcept {
        const ArcRuntime& arc = *runtime_->version->arcs[arc_id];
        const uint64_t mask = arc.mask(packet.meta());
        if (mask == 0) [[likely]] {
            return otherwise;
        }
        packet.meta().arc = arc_id;
        return arc.first(mask);
    }
    /// The same, with the arc's end where no feature is on.
    Hop start_arc(ArcId arc_id, Packet& packet) const noexcept {
        return start_arc(arc_id, packet, Hop::node(runtime_->version->arcs[arc_id]->end));
    }
    /// How packets enter an arc, for a node that asks for many; `otherwise` as in start_arc().
    ArcEntrance entrance(ArcId arc_id, Hop otherwise) const noexcept {
        return ArcEntrance(*runtime_->version->arcs[arc_id], arc_id, otherwise);
    }
    ArcEntrance entrance(ArcId arc_id) const noexcept {
        return entrance(arc_id, Hop::node(runtime_->version->arcs[arc_id]->end));
    }
    /// Sends a packet that the node made, or one that it answered Hop::consumed() for, onwards from
    /// this node: behind the packets that a scalar node has decided on in this vector, in front of
    /// those to come.
    void emit(Packet& packet, Hop hop) noexcept {
        if (decided_ != sent_) {
            send_decided();
        }
        Packet* one = &packet;
        route({&one, 1}, hop.raw());
    }
    /// Counts packets that were dropped without passing through a Hop (a copy that could not be
    /// made).
    void count_drop(uint16_t reason, uint64_t packets = 1) noexcept {
        counters_.drops[current_->first_drop + reason].add(packets);
    }
    /// Counts a packet that ends here as what it was, and shows it to those who look at drops; the
    /// caller goes on with its buffer (to make an ICMP error of it).
    void count_drop(uint16_t reason, Packet& packet) noexcept {
        Packet* one = &packet;
        mark_dropped({&one, 1}, reason);
        packet.meta().flags |= packet_flag::drop_noted;
        note_dropped({&one, 1});
    }
    /// Shows dropped packets, whose Metadata::drop says why, to those who look at them. For the
    /// node "drop".
    void note_dropped(std::span<Packet* const> packets) noexcept {
        flight_recorder_.record(packets, now_tsc_);
        if (attention_.any()) [[unlikely]] {
            look_at(TapPoint::drop, packets);
        }
    }

    // ---- for the driver and for inputs ----

    /// Before the first packet of a scalar node's vector: the hops that it will fill in.
    void begin_scalar(const Frame& frame, const uint16_t* hops) noexcept {
        frame_ = &frame;
        hops_ = hops;
    }
    /// The hops of the first `count` packets stand.
    void decided(unsigned count) noexcept { decided_ = count; }
    /// Sends each packet of the frame where its hop says. The frame is handed on whole when all
    /// agree. Empties the frame either way.
    void distribute(Frame& frame, const uint16_t* hops) noexcept;
    /// An empty frame to receive into, or nullptr under overload.
    Frame* take_frame() noexcept { return frames_.take(); }
    void give_frame(Frame* frame) noexcept { frames_.give(frame); }
    /// Queues a frame that an input filled, in front of a node. The frame changes hands, also when
    /// it is empty.
    void enqueue(Frame* frame, NodeId node) noexcept {
        if (frame->size == 0) [[unlikely]] {
            frames_.give(frame);
            return;
        }
        if (attention_.any()) [[unlikely]] {
            look_at(TapPoint::rx, frame->used());
        }
        hand_on(*frame, rank_of(node));
    }
    /// Queues one packet in front of a node.
    void enqueue(Packet& packet, NodeId node) noexcept {
        Packet* one = &packet;
        append({&one, 1}, rank_of(node));
    }
    /// Begins a poll of an input node: what it emits and drops is counted as its own.
    void begin_input(NodeId node) noexcept {
        current_ = &runtime_->nodes[rank_of(node)];
        decided_ = sent_ = 0;
    }
    /// Ends it: `packets` it brought, and the clocks since the last boundary.
    void end_input(unsigned packets) noexcept;

    // ---- for the worker ----

    /// Runs all that is pending, until nothing is.
    void drain() noexcept;
    /// Frames that are not under way.
    unsigned free_frames() const noexcept { return frames_.available(); }
    /// Packets that inputs have queued since the last drain().
    unsigned gathered() const noexcept { return gathered_; }
    /// Begins a round: takes the time.
    void tick() noexcept { now_tsc_ = rte_rdtsc(); }
    /// Takes another version of the graph into use; nothing may be pending. Returns the one it ran
    /// before.
    WorkerRuntime* adopt(WorkerRuntime* runtime) noexcept;
    WorkerRuntime* runtime() noexcept { return runtime_; }
    /// A node by its name, and who brought it: "core" or a plugin.
    struct Running {
        std::string_view node;
        std::string_view owner;
    };
    /// The node that runs, or the input that is being polled; empty where neither is. For the
    /// worker's own thread, in a signal handler too.
    Running running() const noexcept;
    WorkerCounters& counters() noexcept { return counters_; }
    const WorkerCounters& counters() const noexcept { return counters_; }
    Tracer& tracer() noexcept { return tracer_; }
    FlightRecorder& flight_recorder() noexcept { return flight_recorder_; }
    const FlightRecorder& flight_recorder() const noexcept { return flight_recorder_; }
    /// Control thread: has the worker show its packets to a tap, or to none (nullptr). It may still
    /// be at the one before until it has passed a quiescent state.
    void set_tap(Tap* tap) noexcept;

private:
    Rank rank_of(NodeId id) const noexcept { return runtime_->version->rank_of[id]; }
    bool is_timed(const Frame& first) noexcept;
    void route(std::span<Packet* const> packets, uint16_t raw) noexcept;
    void route_frame(Frame& frame, uint16_t raw) noexcept;
    void route_runs(const Frame& frame, const uint16_t* hops, unsigned begin,
                    unsigned end) noexcept;
    void send_decided() noexcept;
    void append(std::span<Packet* const> packets, Rank rank) noexcept;
    void hand_on(Frame& frame, Rank rank) noexcept;
    Frame* grow(NodeRuntime& node) noexcept;
    void mark_dropped(std::span<Packet* const> packets, uint16_t reason) noexcept;
    void look_at(TapPoint point, std::span<Packet* const> packets) noexcept;
    void look_at(const NodeRuntime& node, Frame& frame) noexcept;

    const unsigned worker_;
    PacketPool& pool_;
    WorkerRuntime* runtime_ = nullptr;
    NodeRuntime* current_ = nullptr;
    /// The frame that is being processed, and whether it was handed on.
    bool frame_taken_ = false;
    /// For emit() from a scalar node: its vector, its hops, how many of them stand and how many
    /// were sent already.
    const Frame* frame_ = nullptr;
    const uint16_t* hops_ = nullptr;
    unsigned decided_ = 0;
    unsigned sent_ = 0;
    uint64_t now_tsc_ = 0;
    /// How many drains the clocks of this one stand for, and how many were small.
    uint64_t weight_ = 1;
    unsigned small_drains_ = 0;
    unsigned gathered_ = 0;
    FramePool frames_;
    WorkerCounters counters_;
    Attention attention_;
    std::atomic<Tap*> tap_{nullptr};
    Tracer tracer_{attention_};
    FlightRecorder flight_recorder_;
};

}  // namespace graph
