// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "graph/packet.hpp"

struct rte_ring;

namespace graph {

/// A bounded queue of packets between threads: an rte_ring in memory of its own, so that it needs
/// no name and no DPDK memory. Nobody waits: a full queue refuses. Packets still in it when it goes
/// are freed.
class PacketRing {
public:
    enum class Producers { one, many };
    /// Throws std::bad_alloc.
    PacketRing(unsigned capacity, Producers producers);
    ~PacketRing();
    PacketRing(const PacketRing&) = delete;
    PacketRing& operator=(const PacketRing&) = delete;

    /// A producer: takes the packet, or answers false and leaves it to the caller.
    bool push(Packet& packet) noexcept;
    /// The one consumer: as many as there are and fit, oldest first. Returns how many.
    unsigned pop(std::span<Packet*> packets) noexcept;
    /// Any thread; of the moment.
    bool empty() const noexcept;
    /// Frees what is in it. For the consumer.
    void clear() noexcept;

private:
    struct Free {
        void operator()(rte_ring* ring) const noexcept;
    };
    std::unique_ptr<rte_ring, Free> ring_;
};

}  // namespace graph
