// SPDX-License-Identifier: Apache-2.0
#include "graph/lanes.hpp"

#include <algorithm>
#include <thread>

#include "graph/packet_pool.hpp"

namespace graph {

Lane::Lane(unsigned capacity)
    : mask_(capacity - 1), places_(std::make_unique_for_overwrite<Packet*[]>(capacity)) {}

Lane::~Lane() {
    Packet* packets[vector_size];
    while (const unsigned count = pop(packets)) {
        free_packets({packets, count});
    }
}

unsigned Lane::push(std::span<Packet* const> packets) noexcept {
    const uint64_t pushed = pushed_.load(std::memory_order_relaxed);
    if (pushed + packets.size() > popped_seen_ + capacity()) {
        popped_seen_ = popped_.load(std::memory_order_acquire);
    }
    const uint64_t room = popped_seen_ + capacity() - pushed;
    const auto count = unsigned(std::min<uint64_t>(room, packets.size()));
    for (unsigned i = 0; i < count; ++i) {
        places_[(pushed + i) & mask_] = packets[i];
    }
    pushed_.store(pushed + count, std::memory_order_release);
    if (count < packets.size()) [[unlikely]] {
        refused_.add(packets.size() - count);
    }
    return count;
}

unsigned Lane::pop(std::span<Packet*> packets) noexcept {
    const uint64_t popped = popped_.load(std::memory_order_relaxed);
    const uint64_t there = pushed_.load(std::memory_order_acquire) - popped;
    const auto count = unsigned(std::min<uint64_t>(there, packets.size()));
    for (unsigned i = 0; i < count; ++i) {
        packets[i] = places_[(popped + i) & mask_];
    }
    popped_.store(popped + count, std::memory_order_release);
    return count;
}

Lanes::Lanes(unsigned workers, unsigned capacity)
    : workers_(workers), receivers_(std::make_unique<Receiver[]>(workers)) {
    for (unsigned i = 0; i < workers * workers; ++i) {
        // A worker has nothing to say to itself.
        lanes_.push_back(i / workers == i % workers ? nullptr : std::make_unique<Lane>(capacity));
    }
}

unsigned Lanes::push(unsigned from, unsigned to, std::span<Packet* const> packets) noexcept {
    const unsigned count = lane(from, to).push(packets);
    if (count != 0) {
        receivers_[to].news.fetch_or(uint64_t(1) << from, std::memory_order_release);
    }
    return count;
}

void Lanes::clear() noexcept {
    for (unsigned to = 0; to < workers_; ++to) {
        while (drain(to, [](std::span<Packet* const> packets) { free_packets(packets); }) != 0) {
        }
    }
}

void Lanes::wait_passed(unsigned from) const noexcept {
    for (unsigned to = 0; to < workers_; ++to) {
        if (to == from) {
            continue;
        }
        const uint64_t pushed = lane(from, to).pushed();
        while (lane(from, to).popped() < pushed) {
            std::this_thread::yield();
        }
    }
}

}  // namespace graph
