// SPDX-License-Identifier: Apache-2.0
#include "graph/tracer.hpp"

#include <algorithm>
#include <cstring>

namespace graph {

Tracer::Tracer(Attention& attention)
    : attention_(attention), records_(std::make_unique_for_overwrite<TraceRecord[]>(capacity)) {}

void Tracer::arm(NodeId node, uint32_t packets) noexcept {
    armed_.store(uint64_t(node) << 32 | packets, std::memory_order_relaxed);
    attention_.set(Attention::trace, true);
}

void Tracer::disarm() noexcept {
    attention_.set(Attention::trace, false);
    armed_.store(0, std::memory_order_relaxed);
}

void Tracer::collect(std::vector<TraceRecord>& into) {
    uint32_t tail = tail_.load(std::memory_order_relaxed);
    const uint32_t head = head_.load(std::memory_order_acquire);
    for (; tail != head; ++tail) {
        into.push_back(records_[tail % capacity]);
    }
    tail_.store(tail, std::memory_order_release);
}

void Tracer::record(NodeId node, std::span<Packet* const> packets, uint64_t now_tsc) noexcept {
    uint64_t armed = armed_.load(std::memory_order_relaxed);
    const auto marks_here = [&] { return NodeId(armed >> 32) == node && uint32_t(armed) != 0; };
    for (Packet* packet : packets) {
        Metadata& meta = packet->meta();
        if (!meta.has(packet_flag::traced)) {
            // Control may arm anew meanwhile: then the new order stands, and is what we look at
            // next.
            while (marks_here() &&
                   !armed_.compare_exchange_weak(armed, armed - 1, std::memory_order_relaxed)) {
            }
            if (!marks_here()) {
                continue;
            }
            --armed;
            meta.flags |= packet_flag::traced;
            meta.trace = ++next_mark_;
        }
        const uint32_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_.load(std::memory_order_acquire) == capacity) {
            lost_.fetch_add(1, std::memory_order_relaxed);
            continue;
        }
        TraceRecord& record = records_[head % capacity];
        record.packet = uint64_t(worker_) << 32 | meta.trace;
        record.tsc = now_tsc;
        record.node = node;
        record.worker = worker_;
        record.length = packet->length();
        record.meta = meta;
        record.captured = uint16_t(std::min<size_t>(packet->segment_length(), record.bytes.size()));
        std::memcpy(record.bytes.data(), packet->data(), record.captured);
        std::memcpy(record.slots.data(), packet->slots(), slot_bytes);
        head_.store(head + 1, std::memory_order_release);
    }
}

}  // namespace graph
