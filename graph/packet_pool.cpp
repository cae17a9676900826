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

PacketPool::PacketPool(PacketPool&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}

PacketPool::~PacketPool() {
    if (pool_ != nullptr) {
        rte_mempool_free(pool_);
    }
}

Packet* PacketPool::allocate() noexcept {
    Packet* packet = nullptr;
    return allocate({&packet, 1}) ? packet : nullptr;
}

bool PacketPool::allocate(std::span<Packet*> packets) noexcept {
    if (rte_mempool_get_bulk(pool_, reinterpret_cast<void**>(packets.data()),
                             unsigned(packets.size())) != 0) {
        return false;
    }
    for (Packet* packet : packets) {
        detail::buffer_taken(packet->mbuf());
        rte_pktmbuf_reset(packet->mbuf());
        reset_metadata(*packet, no_interface);
    }
    return true;
}

}  // namespace graph
