// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "graph/packet.hpp"

namespace graph {

/// A bounded queue of packets from any threads to one. Nobody waits: a full queue refuses, and a
/// producer that is interrupted halfway holds up neither the others nor the consumer. Packets still
/// in it when it goes are freed.
///
/// Each place carries a number that says whose turn it is: equal to a position, it is free for the
/// producer of that position; one more, it is filled for the consumer. Not an rte_ring, whose
/// producers wait for one another, and hand on what the earlier wrote only by x86's order of
/// stores, which ThreadSanitizer rightly does not accept.
class PacketRing {
public:
    /// For at least two packets.
    explicit PacketRing(unsigned capacity);
    ~PacketRing();
    PacketRing(const PacketRing&) = delete;
    PacketRing& operator=(const PacketRing&) = delete;

    /// A producer: takes the packet, or answers false and leaves it to the caller.
    bool push(Packet& packet) noexcept;
    /// The consumer: as many as there are and fit, oldest first. Returns how many.
    unsigned pop(std::span<Packet*> packets) noexcept;
    /// The consumer: whether pop() would find nothing.
    bool empty() const noexcept;
    /// A producer: the consumer has taken all that was pushed before.
    bool all_taken() const noexcept;
    /// The consumer: frees what is in it.
    void clear() noexcept;

private:
    struct Place {
        std::atomic<uint64_t> turn;
        Packet* packet;
    };
    const uint64_t capacity_;
    const std::unique_ptr<Place[]> places_;
    alignas(64) std::atomic<uint64_t> pushed_{0};
    alignas(64) uint64_t popped_ = 0;
};

}  // namespace graph
