// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/packet.hpp"
#include "graph/packet_pool.hpp"

/// Packets of several buffers, cut, joined and copied. Worker that holds the packet.
namespace vnet::fragment {

/// Reads a packet's bytes in their order, from one buffer to the next.
class ChainReader {
public:
    /// Begins at `offset` from the packet's first byte.
    ChainReader(const graph::Packet& packet, uint32_t offset) noexcept;
    /// The next bytes into `to`. False, with nothing more to come, where the packet ends before.
    bool read(std::span<std::byte> to) noexcept;
    /// What is left of the buffer at hand, at most `most` bytes, as they lie there; empty at the
    /// end.
    std::span<const std::byte> next(size_t most) noexcept;

private:
    const rte_mbuf* segment_;
    uint32_t offset_;
};

/// Buffers that a packet lies in.
inline unsigned buffers_of(const graph::Packet& packet) noexcept {
    return packet.mbuf()->nb_segs;
}

/// Gives up the first `count` bytes, with the buffers that hold nothing else, and returns what is
/// left; its metadata mean nothing any more. `count` is less than the packet's length.
graph::Packet* strip(graph::Packet& packet, uint32_t count) noexcept;

/// Puts packets behind one another. What fits behind the data of the last buffer is copied there,
/// so that tiny pieces do not make a chain that no device would send: of two buffers that follow
/// one another, one is more than half full.
class Joiner {
public:
    explicit Joiner(graph::Packet& head) noexcept
        : head_(*head.mbuf()), last_(rte_pktmbuf_lastseg(head.mbuf())) {}
    /// Takes all of `tail` behind what is there; its metadata are lost. False, and nothing changed,
    /// where that makes more buffers than a packet may have.
    bool add(graph::Packet& tail) noexcept;

private:
    rte_mbuf& head_;
    rte_mbuf* last_;
};

/// A copy in as few buffers of its own as hold it, with the metadata and slots; it is not traced.
/// Null where the pool has too few buffers.
graph::Packet* copy(const graph::Packet& packet, graph::PacketPool& pool) noexcept;

/// Moves bytes from the following buffers into the first until it holds `count`, the packet ends,
/// or there is no room left behind its data. Buffers that are empty then are freed.
void pull_up(graph::Packet& packet, uint32_t count) noexcept;

/// Both packets have the same bytes, each from its own offset on, for `count` bytes.
bool equal_bytes(const graph::Packet& one, uint32_t one_offset, const graph::Packet& other,
                 uint32_t other_offset, uint32_t count) noexcept;

/// How a packet is cut in pieces.
struct Cut {
    /// Bytes in front of the payload, link-layer header included.
    uint32_t payload_offset;
    /// Bytes of payload in each piece but the last; the last has at least one.
    uint32_t piece;
    /// What stands in front of the payload in each piece but the first.
    std::span<const std::byte> later_header;
};

/// More pieces than this are not made of one packet.
inline constexpr unsigned most_pieces = graph::vector_size;
/// Pieces that a payload falls in.
constexpr unsigned pieces_of(uint32_t payload, uint32_t piece) noexcept {
    return (payload + piece - 1) / piece;
}

/// Cuts a packet: it becomes the first piece itself, the others get buffers of their own, with
/// copies of its metadata and slots. `pieces` has room for all of them, and at most most_pieces.
/// False, and the packet as it was, where the pool has too few buffers.
bool cut(graph::PacketPool& pool, graph::Packet& whole, const Cut& how,
         std::span<graph::Packet*> pieces) noexcept;

}  // namespace vnet::fragment
