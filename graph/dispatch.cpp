// SPDX-License-Identifier: Apache-2.0
#include "graph/dispatch.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace graph {

Dispatch::Dispatch(unsigned worker, PacketPool& pool)
    : worker_(worker), pool_(pool), now_tsc_(rte_rdtsc()), frames_(frames_per_worker) {
    flight_recorder_.set_lane(uint16_t(worker));
}

Dispatch::~Dispatch() = default;

WorkerRuntime* Dispatch::adopt(WorkerRuntime* runtime) noexcept {
    current_ = nullptr;
    return std::exchange(runtime_, runtime);
}

void Dispatch::set_tap(Tap* tap) noexcept {
    tap_.store(tap, std::memory_order_release);
    attention_.set(Attention::tap, tap != nullptr);
}

void Dispatch::look_at(TapPoint point, std::span<Packet* const> packets) noexcept {
    if (Tap* const tap = tap_.load(std::memory_order_acquire)) {
        tap->look(point, packets, worker_, now_tsc_);
    }
}

void Dispatch::look_at(const NodeRuntime& node, Frame& frame) noexcept {
    if (tracer_.active()) {
        // Not left to the boundaries, which are not timed while vectors are small.
        now_tsc_ = rte_rdtsc();
        tracer_.record(node.id, frame.used(), now_tsc_);
    }
    if (node.transmits) {
        look_at(TapPoint::tx, frame.used());
    }
}

namespace {
/// Below so many packets a look at the clock at each boundary would be a good part of the work: it
/// is only taken in one drain of so many then, and stands for all of them.
constexpr unsigned worth_timing = 8;
constexpr unsigned timed_share = 16;
/// Which ones it is goes by the golden ratio: at equal distances, of two sources that take turns at
/// a drain each, one would be timed always and the other never.
constexpr uint32_t golden_ratio = 0x9e37'79b9;
}  // namespace

bool Dispatch::is_timed(const Frame& first) noexcept {
    if (first.size >= worth_timing) {
        weight_ = 1;
        return true;
    }
    weight_ = timed_share;
    return ++small_drains_ * golden_ratio < UINT32_MAX / timed_share;
}

void Dispatch::drain() noexcept {
    WorkerRuntime& runtime = *runtime_;
    gathered_ = 0;
    if (runtime.ready.empty()) {
        current_ = nullptr;
        return;
    }
    const bool timed = is_timed(*runtime.nodes[runtime.ready.first()].head);
    while (!runtime.ready.empty()) {
        const Rank rank = runtime.ready.first();
        NodeRuntime& node = runtime.nodes[rank];
        Frame* frame = node.head;
        node.head = frame->next;
        if (node.head == nullptr) {
            node.tail = nullptr;
            runtime.ready.erase(rank);
        }
        frame->next = nullptr;
        const unsigned packets = frame->size;
        current_ = &node;
        frame_taken_ = false;
        decided_ = sent_ = 0;
        if (attention_.any()) [[unlikely]] {
            look_at(node, *frame);
        }
        node.process(node.self, *this, *frame);
        if (!frame_taken_) {
            frames_.give(frame);
        }
        node.counters->calls.add(1);
        node.counters->packets.add(packets);
        if (timed) {
            const uint64_t after = rte_rdtsc();
            node.counters->clocks.add(weight_ * (after - now_tsc_));
            now_tsc_ = after;
        }
    }
    // Whatever goes wrong from here on is no node's.
    current_ = nullptr;
    if (tracer_.active()) [[unlikely]] {
        tracer_.settle();
    }
}

Dispatch::Running Dispatch::running() const noexcept {
    const NodeRuntime* const node = current_;
    if (node == nullptr || runtime_ == nullptr) {
        return {};
    }
    const auto& about = runtime_->version->nodes[size_t(node - runtime_->nodes.data())];
    return {about.name, about.owner};
}

void Dispatch::end_input(unsigned packets) noexcept {
    const uint64_t after = rte_rdtsc();
    NodeCounters& counters = *current_->counters;
    counters.calls.add(1);
    counters.packets.add(packets);
    counters.clocks.add(after - now_tsc_);
    now_tsc_ = after;
    gathered_ += packets;
}

void Dispatch::distribute(Frame& frame, const uint16_t* hops) noexcept {
    const unsigned size = frame.size;
    if (sent_ != 0) [[unlikely]] {
        route_runs(frame, hops, sent_, size);
        return;
    }
    const uint16_t first = hops[0];
    uint16_t differ = 0;
    for (unsigned i = 1; i < size; ++i) {
        differ |= uint16_t(hops[i] ^ first);
    }
    if (differ == 0) [[likely]] {
        route_frame(frame, first);
        return;
    }
    route_runs(frame, hops, 0, size);
}

void Dispatch::route_runs(const Frame& frame, const uint16_t* hops, unsigned begin,
                          unsigned end) noexcept {
    while (begin < end) {
        const uint16_t raw = hops[begin];
        unsigned after = begin + 1;
        while (after < end && hops[after] == raw) {
            ++after;
        }
        route({frame.packets + begin, after - begin}, raw);
        begin = after;
    }
}

void Dispatch::send_decided() noexcept {
    route_runs(*frame_, hops_, sent_, decided_);
    sent_ = decided_;
}

void Dispatch::route_frame(Frame& frame, uint16_t raw) noexcept {
    const Hop hop = Hop::from_raw(raw);
    Rank rank;
    if (hop.is_consumed()) {
        return;
    }
    if (hop.is_drop()) [[unlikely]] {
        mark_dropped(frame.used(), hop.index());
        rank = runtime_->version->drop_rank;
    } else {
        rank = hop.is_node() ? rank_of(hop.index()) : current_->edges[hop.index()];
    }
    frame_taken_ = true;
    hand_on(frame, rank);
}

void Dispatch::route(std::span<Packet* const> packets, uint16_t raw) noexcept {
    const Hop hop = Hop::from_raw(raw);
    if (hop.is_consumed()) {
        return;
    }
    if (hop.is_drop()) {
        mark_dropped(packets, hop.index());
        append(packets, runtime_->version->drop_rank);
    } else {
        append(packets, hop.is_node() ? rank_of(hop.index()) : current_->edges[hop.index()]);
    }
}

void Dispatch::mark_dropped(std::span<Packet* const> packets, uint16_t reason) noexcept {
    const DropId id = DropId(current_->first_drop + reason);
    for (Packet* packet : packets) {
        packet->meta().drop = id;
    }
    counters_.drops[id].add(packets.size());
}

void Dispatch::hand_on(Frame& frame, Rank rank) noexcept {
    NodeRuntime& node = runtime_->nodes[rank];
    if (node.tail == nullptr) {
        node.head = node.tail = &frame;
        runtime_->ready.insert(rank);
        return;
    }
    // Fill up the frame that waits there already, so that vectors grow; what is left follows as it
    // is.
    if (node.tail->room() >= frame.size) {
        std::memcpy(node.tail->packets + node.tail->size, frame.packets,
                    frame.size * sizeof(Packet*));
        node.tail->size = uint16_t(node.tail->size + frame.size);
        frames_.give(&frame);
        return;
    }
    node.tail->next = &frame;
    node.tail = &frame;
}

Frame* Dispatch::grow(NodeRuntime& node) noexcept {
    Frame* frame = frames_.take();
    if (frame == nullptr) [[unlikely]] {
        return nullptr;
    }
    if (node.tail == nullptr) {
        node.head = frame;
        runtime_->ready.insert(Rank(&node - runtime_->nodes.data()));
    } else {
        node.tail->next = frame;
    }
    node.tail = frame;
    return frame;
}

void Dispatch::append(std::span<Packet* const> packets, Rank rank) noexcept {
    NodeRuntime& node = runtime_->nodes[rank];
    while (!packets.empty()) {
        Frame* frame = node.tail;
        if (frame == nullptr || frame->room() == 0) {
            frame = grow(node);
            if (frame == nullptr) [[unlikely]] {
                node.counters->overflow.add(packets.size());
                free_packets(packets);
                return;
            }
        }
        const unsigned count = std::min<unsigned>(frame->room(), unsigned(packets.size()));
        std::memcpy(frame->packets + frame->size, packets.data(), count * sizeof(Packet*));
        frame->size = uint16_t(frame->size + count);
        packets = packets.subspan(count);
    }
}

}  // namespace graph
