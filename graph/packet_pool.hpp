// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <rte_mempool.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "graph/packet.hpp"
#include "graph/tsan.hpp"

namespace graph {

/// The packet buffers of one NUMA socket: a DPDK mempool whose elements are rte_mbuf, Metadata,
/// slots, headroom, data. Any thread that is an EAL or registered thread may allocate and free;
/// each has a cache of its own.
class PacketPool {
public:
    /// Makes a pool of `count` buffers on `socket` (-1: any). RESOURCE_EXHAUSTED names the memory
    /// it would take.
    static absl::StatusOr<PacketPool> create(const std::string& name, unsigned count,
                                             int socket = -1);
    PacketPool(PacketPool&& other) noexcept;
    PacketPool& operator=(PacketPool&&) = delete;
    ~PacketPool();

    /// A fresh packet, empty, metadata cleared; nullptr when the pool is used up.
    Packet* allocate() noexcept;
    /// All of `packets`, or none.
    bool allocate(std::span<Packet*> packets) noexcept;
    rte_mempool* mempool() const noexcept { return pool_; }
    unsigned capacity() const noexcept { return pool_->size; }
    const char* name() const noexcept { return pool_->name; }
    /// The NUMA node that it was asked for on; -1: any.
    int socket() const noexcept { return pool_->socket_id; }
    /// Free buffers, those in threads' caches included.
    unsigned available() const noexcept { return rte_mempool_avail_count(pool_); }
    /// Free buffers that lie in threads' caches, where other threads do not get at them.
    unsigned cached() const noexcept;
    /// Times that allocate() found too few. Drivers that receive count their own. Any thread.
    uint64_t failures() const noexcept { return failures_->load(std::memory_order_relaxed); }
    /// Bytes that one buffer takes, everything included.
    static unsigned element_bytes() noexcept;

private:
    explicit PacketPool(rte_mempool* pool) : pool_(pool) {}
    rte_mempool* pool_;
    std::unique_ptr<std::atomic<uint64_t>> failures_ = std::make_unique<std::atomic<uint64_t>>(0);
};

/// Makes the metadata of a packet that a driver has just received, or that was just allocated.
inline void reset_metadata(Packet& packet, uint32_t rx_interface) noexcept {
    Metadata& meta = packet.meta();
    meta.rx_interface = rx_interface;
    meta.tx_interface = no_interface;
    meta.adjacency = 0;
    meta.flow_hash = 0;
    meta.l2_offset = 0;
    meta.l3_offset = 0;
    meta.l4_offset = 0;
    meta.flags = 0;
    meta.treatment = 0;
}

/// Gives packets back to their pools, all segments.
void free_packets(std::span<Packet* const> packets) noexcept;
inline void free_packet(Packet* packet) noexcept {
    free_packets({&packet, 1});
}

}  // namespace graph
