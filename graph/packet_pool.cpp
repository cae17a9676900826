// SPDX-License-Identifier: Apache-2.0
#include "graph/packet_pool.hpp"

#include <fmt/format.h>
#include <rte_errno.h>

#include <utility>

namespace graph {

namespace {
constexpr unsigned private_bytes = sizeof(Metadata) + slot_bytes;
constexpr unsigned data_bytes = headroom_bytes + buffer_bytes;
constexpr unsigned cache_packets = 512;
constexpr size_t prefetch_ahead = 8;

/// One buffer with bytes of its own that nobody else holds: it may go back to its pool as it is.
bool is_simple(const rte_mbuf& mbuf) noexcept {
    // Of one segment there is no next one: its pointer, in a line of its own, need not be looked
    // at.
    return rte_mbuf_refcnt_read(&mbuf) == 1 && mbuf.nb_segs == 1 && RTE_MBUF_DIRECT(&mbuf);
}
}  // namespace

unsigned PacketPool::element_bytes() noexcept {
    return sizeof(Packet) + private_bytes + data_bytes;
}

absl::StatusOr<PacketPool> PacketPool::create(const std::string& name, unsigned count, int socket) {
    const unsigned cache = count >= 4 * cache_packets ? cache_packets : 0;
    rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), count, cache, private_bytes,
                                                uint16_t(data_bytes), socket);
    if (pool == nullptr) {
        return absl::ResourceExhaustedError(
            fmt::format("cannot make {} packet buffers ({} MB): {}; give fewer with --buffers or "
                        "more memory with "
                        "--memory",
                        count, (uint64_t(count) * element_bytes()) >> 20, rte_strerror(rte_errno)));
    }
    return PacketPool(pool);
}

PacketPool::PacketPool(PacketPool&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), failures_(std::move(other.failures_)) {}

PacketPool::~PacketPool() {
    if (pool_ != nullptr) {
        rte_mempool_free(pool_);
    }
}

unsigned PacketPool::cached() const noexcept {
    unsigned packets = 0;
    if (pool_->cache_size != 0) {
        for (unsigned thread = 0; thread < RTE_MAX_LCORE; ++thread) {
            packets += pool_->local_cache[thread].len;
        }
    }
    return packets;
}

Packet* PacketPool::allocate() noexcept {
    Packet* packet = nullptr;
    return allocate({&packet, 1}) ? packet : nullptr;
}

bool PacketPool::allocate(std::span<Packet*> packets) noexcept {
    if (rte_mempool_get_bulk(pool_, reinterpret_cast<void**>(packets.data()),
                             unsigned(packets.size())) != 0) {
        failures_->fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    for (Packet* packet : packets) {
        detail::buffer_taken(packet->mbuf());
        rte_pktmbuf_reset(packet->mbuf());
        reset_metadata(*packet, no_interface);
    }
    return true;
}

void free_packets(std::span<Packet* const> packets) noexcept {
    const size_t size = packets.size();
    for (Packet* packet : packets) {
        detail::buffer_given(packet->mbuf());
    }
    size_t begin = 0;
    while (begin < size) {
        rte_mempool* pool = packets[begin]->mbuf()->pool;
        size_t end = begin;
        for (; end < size; ++end) {
            if (end + prefetch_ahead < size) {
                __builtin_prefetch(packets[end + prefetch_ahead]->mbuf());
            }
            const rte_mbuf& mbuf = *packets[end]->mbuf();
            if (mbuf.pool != pool || !is_simple(mbuf)) [[unlikely]] {
                break;
            }
        }
        if (end != begin) [[likely]] {
            rte_mempool_put_bulk(pool, reinterpret_cast<void* const*>(packets.data() + begin),
                                 unsigned(end - begin));
        } else {
            rte_pktmbuf_free(packets[end++]->mbuf());
        }
        begin = end;
    }
}

}  // namespace graph
