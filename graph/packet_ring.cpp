// SPDX-License-Identifier: Apache-2.0
#include "graph/packet_ring.hpp"

#include <rte_ring.h>

#include <cstdlib>
#include <new>

#include "graph/packet_pool.hpp"

namespace graph {

namespace {
constexpr unsigned clear_batch = 64;
}  // namespace

void PacketRing::Free::operator()(rte_ring* ring) const noexcept {
    std::free(ring);
}

PacketRing::PacketRing(unsigned capacity, Producers producers) {
    // One place of the ring is never used, and the size is a power of two.
    const ssize_t bytes = rte_ring_get_memsize(rte_align32pow2(capacity + 1));
    if (bytes <= 0) {
        throw std::bad_alloc();
    }
    const size_t line = RTE_CACHE_LINE_SIZE;
    ring_.reset(
        static_cast<rte_ring*>(std::aligned_alloc(line, (size_t(bytes) + line - 1) / line * line)));
    const unsigned flags =
        RING_F_EXACT_SZ | RING_F_SC_DEQ | (producers == Producers::one ? RING_F_SP_ENQ : 0u);
    if (ring_ == nullptr || rte_ring_init(ring_.get(), "packets", capacity, flags) != 0) {
        throw std::bad_alloc();
    }
}

PacketRing::~PacketRing() {
    clear();
}

bool PacketRing::push(Packet& packet) noexcept {
    return rte_ring_enqueue(ring_.get(), &packet) == 0;
}

unsigned PacketRing::pop(std::span<Packet*> packets) noexcept {
    return rte_ring_dequeue_burst(ring_.get(), reinterpret_cast<void**>(packets.data()),
                                  unsigned(packets.size()), nullptr);
}

bool PacketRing::empty() const noexcept {
    // What rte_ring_empty() compares, but with atomic loads.
    return __atomic_load_n(&ring_->prod.tail, __ATOMIC_ACQUIRE) ==
           __atomic_load_n(&ring_->cons.tail, __ATOMIC_RELAXED);
}

void PacketRing::clear() noexcept {
    Packet* packets[clear_batch];
    while (const unsigned count = pop(packets)) {
        free_packets({packets, count});
    }
}

}  // namespace graph
