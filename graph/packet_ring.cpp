// SPDX-License-Identifier: Apache-2.0
#include "graph/packet_ring.hpp"

#include <algorithm>

#include "graph/packet_pool.hpp"

namespace graph {

namespace {
constexpr unsigned clear_batch = 64;
}  // namespace

PacketRing::PacketRing(unsigned capacity)
    : capacity_(std::max(capacity, 2u)), places_(std::make_unique<Place[]>(capacity_)) {
    for (uint64_t i = 0; i < capacity_; ++i) {
        places_[i].turn.store(i, std::memory_order_relaxed);
    }
}

PacketRing::~PacketRing() {
    clear();
}

bool PacketRing::push(Packet& packet) noexcept {
    uint64_t position = pushed_.load(std::memory_order_relaxed);
    for (;;) {
        Place& place = places_[position % capacity_];
        const uint64_t turn = place.turn.load(std::memory_order_acquire);
        if (turn == position) {
            if (pushed_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
                place.packet = &packet;
                place.turn.store(position + 1, std::memory_order_release);
                return true;
            }
        } else if (turn < position) {
            // Filled a full turn ago and not taken yet.
            return false;
        } else {
            // Another producer was faster.
            position = pushed_.load(std::memory_order_relaxed);
        }
    }
}

unsigned PacketRing::pop(std::span<Packet*> packets) noexcept {
    unsigned count = 0;
    while (count < packets.size() && !empty()) {
        Place& place = places_[popped_ % capacity_];
        packets[count++] = place.packet;
        place.turn.store(popped_ + capacity_, std::memory_order_release);
        ++popped_;
    }
    return count;
}

bool PacketRing::empty() const noexcept {
    return places_[popped_ % capacity_].turn.load(std::memory_order_acquire) != popped_ + 1;
}

bool PacketRing::all_taken() const noexcept {
    // They are taken in order, and a place that has been is a full turn ahead.
    const uint64_t pushed = pushed_.load(std::memory_order_relaxed);
    return pushed == 0 || places_[(pushed - 1) % capacity_].turn.load(std::memory_order_acquire) >=
                              pushed - 1 + capacity_;
}

void PacketRing::clear() noexcept {
    Packet* packets[clear_batch];
    while (const unsigned count = pop(packets)) {
        free_packets({packets, count});
    }
}

}  // namespace graph
