// SPDX-License-Identifier: Apache-2.0
#include "graph/tracer.hpp"

namespace graph {

namespace {
/// A packet's mark names the worker that marked it in its upper bits: it is the same packet to
/// every worker that it is handed to.
constexpr unsigned count_bits = 26;
constexpr uint32_t count_mask = (uint32_t(1) << count_bits) - 1;
static_assert(max_workers <= 1U << (32 - count_bits));

uint32_t mark_of(uint16_t worker, uint32_t count) noexcept {
    return uint32_t(worker) << count_bits | (count & count_mask);
}
}  // namespace

Tracer::Tracer(Attention& attention)
    : attention_(attention), records_(std::make_unique_for_overwrite<TraceRecord[]>(capacity)) {}

Tracer::~Tracer() {
    delete order_.load(std::memory_order_relaxed);
}

std::unique_ptr<TraceOrder> Tracer::arm(std::unique_ptr<TraceOrder> order) noexcept {
    const bool on = order != nullptr;
    auto before =
        std::unique_ptr<TraceOrder>(order_.exchange(order.release(), std::memory_order_acq_rel));
    attention_.set(Attention::trace, on);
    return before;
}

void Tracer::collect(std::vector<TraceRecord>& into) {
    uint32_t tail = tail_.load(std::memory_order_relaxed);
    const uint32_t head = head_.load(std::memory_order_acquire);
    for (; tail != head; ++tail) {
        into.push_back(records_[tail % capacity]);
    }
    tail_.store(tail, std::memory_order_release);
}

TraceOrder* Tracer::current() noexcept {
    TraceOrder* order = order_.load(std::memory_order_acquire);
    if (order != last_order_) {
        // What was recorded for the order before and is not public yet is nobody's.
        last_order_ = order;
        next_ = head_.load(std::memory_order_relaxed);
        round_mark_ = next_mark_ + 1;
    }
    return order;
}

void Tracer::write(const Packet& packet, NodeId node, uint64_t now_tsc) noexcept {
    if (next_ - tail_.load(std::memory_order_acquire) == capacity) {
        lost_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    TraceRecord& record = records_[next_ % capacity];
    const uint32_t trace = packet.meta().trace;
    record.packet = uint64_t(trace >> count_bits) << 32 | (trace & count_mask);
    record.worker = worker_;
    record.take(packet, node, now_tsc);
    ++next_;
}

void Tracer::record(NodeId node, std::span<Packet* const> packets, uint64_t now_tsc) noexcept {
    TraceOrder* order = current();
    if (order == nullptr) {
        return;
    }
    const TraceFilter& filter = order->filter;
    uint32_t left = order->left.load(std::memory_order_relaxed);
    const bool marks_here = filter.nodes[node];
    for (Packet* packet : packets) {
        Metadata& meta = packet->meta();
        // Of a drop filter only the last worker's part of a way is told: whether the others' is
        // worth keeping, they cannot know.
        const bool elsewhere = filter.by_drop && meta.trace >> count_bits != worker_;
        if (!meta.has(packet_flag::traced) || elsewhere) {
            if (!marks_here || left == 0 || !filter.matches(*packet)) {
                continue;
            }
            meta.flags |= packet_flag::traced;
            meta.trace = mark_of(worker_, ++next_mark_);
            if (!filter.by_drop) {
                order->left.store(--left, std::memory_order_relaxed);
            }
        } else if (filter.by_drop && meta.trace - mark_of(worker_, round_mark_) >= capacity) {
            // Marked in an earlier round: the beginning of its way is gone.
            continue;
        }
        write(*packet, node, now_tsc);
    }
    if (!filter.by_drop) {
        publish();
    }
}

void Tracer::settle() noexcept {
    TraceOrder* order = current();
    const uint32_t head = head_.load(std::memory_order_relaxed);
    if (order == nullptr || !order->filter.by_drop || next_ == head) {
        round_mark_ = next_mark_ + 1;
        return;
    }
    uint32_t left = order->left.load(std::memory_order_relaxed);
    const auto mark = [first = mark_of(worker_, round_mark_)](const TraceRecord& record) {
        return record.meta.trace - first;
    };
    kept_.reset();
    for (uint32_t i = head; i != next_ && left != 0; ++i) {
        const TraceRecord& record = records_[i % capacity];
        if (record.dropped() && order->filter.drops[record.meta.drop] && mark(record) < capacity &&
            !kept_[mark(record)]) {
            kept_.set(mark(record));
            --left;
        }
    }
    order->left.store(left, std::memory_order_relaxed);
    uint32_t to = head;
    for (uint32_t i = head; i != next_ && kept_.any(); ++i) {
        const TraceRecord& record = records_[i % capacity];
        if (mark(record) < capacity && kept_[mark(record)]) {
            if (i != to) {
                records_[to % capacity] = record;
            }
            ++to;
        }
    }
    next_ = to;
    publish();
    round_mark_ = next_mark_ + 1;
}

}  // namespace graph
