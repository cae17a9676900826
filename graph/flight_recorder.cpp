// SPDX-License-Identifier: Apache-2.0
#include "graph/flight_recorder.hpp"

#include <algorithm>
#include <cstring>

namespace graph {

FlightRecorder::FlightRecorder() : slots_(std::make_unique<Slot[]>(capacity)) {}

bool FlightRecorder::wanted(DropId reason) noexcept {
    for (unsigned i = 0; i < reasons_; ++i) {
        if (kept_[i].reason == reason) {
            return kept_[i].count++ < most_of_a_reason;
        }
    }
    if (reasons_ == most_reasons) {
        return false;
    }
    kept_[reasons_++] = {reason, 1};
    return true;
}

void FlightRecorder::record(std::span<Packet* const> packets, uint64_t now_tsc) noexcept {
    if (now_tsc != vector_tsc_) {
        vector_tsc_ = now_tsc;
        reasons_ = 0;
    }
    uint64_t left_out = 0;
    for (const Packet* packet : packets) {
        if (wanted(packet->meta().drop)) {
            write(*packet, now_tsc);
        } else {
            ++left_out;
        }
    }
    if (left_out != 0) {
        passed_over_.store(passed_over_.load(std::memory_order_relaxed) + left_out,
                           std::memory_order_relaxed);
    }
}

void FlightRecorder::write(const Packet& packet, uint64_t now_tsc) noexcept {
    DropRecord record;
    record.meta = packet.meta();
    record.tsc = now_tsc;
    record.length = packet.length();
    record.captured = uint16_t(std::min<size_t>(packet.segment_length(), record.bytes.size()));
    record.lane = lane_;
    std::memcpy(record.bytes.data(), packet.data(), record.captured);
    std::memset(record.bytes.data() + record.captured, 0, record.bytes.size() - record.captured);
    std::array<uint64_t, words> copy;
    std::memcpy(copy.data(), &record, sizeof(record));

    const uint64_t number = written_.load(std::memory_order_relaxed);
    Slot& slot = slots_[number % capacity];
    slot.sequence.store(2 * number + 1, std::memory_order_relaxed);
    // Whoever sees one of the new words below sees the odd number too.
    std::atomic_thread_fence(std::memory_order_release);
    for (size_t i = 0; i < words; ++i) {
        slot.data[i].store(copy[i], std::memory_order_relaxed);
    }
    slot.sequence.store(2 * number + 2, std::memory_order_release);
    written_.store(number + 1, std::memory_order_release);
}

void FlightRecorder::read(std::vector<DropRecord>& into) const {
    const uint64_t end = written_.load(std::memory_order_acquire);
    const size_t before = into.size();
    // The newest first: they are the last to be written over.
    for (uint64_t number = end; number-- > end - std::min<uint64_t>(end, capacity);) {
        const Slot& slot = slots_[number % capacity];
        if (slot.sequence.load(std::memory_order_acquire) != 2 * number + 2) {
            continue;
        }
        std::array<uint64_t, words> copy;
        for (size_t i = 0; i < words; ++i) {
            copy[i] = slot.data[i].load(std::memory_order_relaxed);
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        if (slot.sequence.load(std::memory_order_relaxed) == 2 * number + 2) {
            std::memcpy(&into.emplace_back(), copy.data(), sizeof(DropRecord));
        }
    }
    std::reverse(into.begin() + ptrdiff_t(before), into.end());
}

}  // namespace graph
