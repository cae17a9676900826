// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "graph/hop.hpp"
#include "graph/limits.hpp"

namespace graph {

/// Bits of Metadata::flags.
namespace packet_flag {
/// The packet is being traced; Metadata::trace says as which one.
inline constexpr uint16_t traced = 1 << 0;
/// The frame was addressed to a layer-2 group or broadcast address.
inline constexpr uint16_t l2_group = 1 << 1;
/// The router itself made the packet.
inline constexpr uint16_t local_origin = 1 << 2;
/// Counted as dropped for Metadata::drop, and on its way to become the quote of an error.
inline constexpr uint16_t drop_noted = 1 << 3;
/// Metadata::session and ports are set.
inline constexpr uint16_t flow = 1 << 4;
/// The ports of its datagram, which a fragment need not have itself, are in the slot that is for
/// them.
inline constexpr uint16_t ports_noted = 1 << 5;
/// Its destination was looked up in another VRF than that of the interface it came in by.
inline constexpr uint16_t led_to_vrf = 1 << 6;
/// Three bits: how often the router itself has put it into a tunnel or taken it out of one.
inline constexpr unsigned nesting_shift = 7;
inline constexpr uint16_t nesting_mask = 0x7 << nesting_shift;
/// It begins with its IP header while Metadata::l3_offset is 0, as a packet of a link that has no
/// headers.
inline constexpr uint16_t bare = 1 << 10;
/// The highest four bits: the priority of the frame on layer 2, which outlives the tag that it came
/// in (IEEE 802.1Q: three bits of priority, one of drop eligibility). 0 where it had none.
inline constexpr unsigned priority_shift = 12;
inline constexpr uint16_t priority_mask = 0xf << priority_shift;
}  // namespace packet_flag

/// The parts of Metadata::treatment, one word, so that whoever sets several of them stores once.
namespace treatment {
/// Bits 0 to 5, the traffic class: who is preferred to whom, as a router's operator names it.
inline constexpr uint32_t class_mask = 0x3f;
/// Bits 6 and 7, the colour that a meter gave it: 0 green, 1 yellow, 2 red (RFC 2697).
inline constexpr unsigned colour_shift = 6;
inline constexpr uint32_t colour_mask = 3U << colour_shift;
/// Bit 8: somebody has given it its class. The class of others is 0, and nobody writes that into
/// their headers.
inline constexpr uint32_t classified = 1U << 8;
/// Bits 9 to 31, the mark: a number that rules give it and ask for, and that means nothing else.
inline constexpr unsigned mark_shift = 9;
inline constexpr uint32_t mark_mask = 0x7fffffU << mark_shift;
}  // namespace treatment

/// What the engine and every protocol know of a packet: one hot cache line behind the rte_mbuf.
/// Written by the worker that holds the packet. Offsets count from the packet's first byte.
struct alignas(64) Metadata {
    /// Interface it came in by, or no_interface.
    uint32_t rx_interface;
    /// Interface it goes out by, once known.
    uint32_t tx_interface;
    /// Adjacency that the route lookup chose.
    uint32_t adjacency;
    /// Hash of the flow it belongs to; equal for all packets of one flow in one direction. 0: not
    /// computed.
    uint32_t flow_hash;
    uint16_t l2_offset;
    uint16_t l3_offset;
    uint16_t l4_offset;
    uint16_t flags;
    /// The drop reason, set on the way to the node "drop".
    DropId drop;
    /// For a packet that control hands to a worker: the node to begin at.
    NodeId start;
    /// The feature arc it is on.
    uint8_t arc;
    /// With packet_flag::led_to_vrf: that VRF.
    uint8_t vrf;
    uint8_t reserved[2];
    /// Which traced packet this is; valid with packet_flag::traced.
    uint32_t trace;
    /// With packet_flag::flow: the session that it belongs to, as this worker's table numbers them;
    /// 0: none.
    uint32_t session;
    /// With packet_flag::flow: what tells its flow apart beyond addresses and protocol, as the
    /// first four bytes behind the IP header; a fragment has those of its datagram.
    uint32_t ports;
    /// How it is to be treated: class, colour and mark, as `treatment` below takes them apart. 0
    /// where nobody has said anything.
    uint32_t treatment;
    uint32_t spare[3];

    bool has(uint16_t flag) const noexcept { return flags & flag; }
};
static_assert(sizeof(Metadata) == 64);

/// A packet: an rte_mbuf, nothing around it, so that drivers and nodes share one object. Never
/// constructed: it lies in a pool (PacketPool), with its Metadata and the plugins' slots behind it.
/// Owned by whoever holds the pointer; freed with free_packets(). Not thread-safe.
class Packet {
public:
    Packet() = delete;
    Packet(const Packet&) = delete;
    Packet& operator=(const Packet&) = delete;

    static Packet* from(rte_mbuf* mbuf) noexcept { return reinterpret_cast<Packet*>(mbuf); }
    rte_mbuf* mbuf() noexcept { return &mbuf_; }
    const rte_mbuf* mbuf() const noexcept { return &mbuf_; }

    Metadata& meta() noexcept { return *reinterpret_cast<Metadata*>(this + 1); }
    const Metadata& meta() const noexcept { return *reinterpret_cast<const Metadata*>(this + 1); }
    /// The bytes that plugins' Slots share.
    std::byte* slots() noexcept {
        return reinterpret_cast<std::byte*>(this + 1) + sizeof(Metadata);
    }
    const std::byte* slots() const noexcept {
        return reinterpret_cast<const std::byte*>(this + 1) + sizeof(Metadata);
    }

    /// First byte and length of the first segment.
    std::byte* data() noexcept { return static_cast<std::byte*>(mbuf_.buf_addr) + mbuf_.data_off; }
    const std::byte* data() const noexcept {
        return static_cast<const std::byte*>(mbuf_.buf_addr) + mbuf_.data_off;
    }
    uint16_t segment_length() const noexcept { return mbuf_.data_len; }
    /// Length of all segments.
    uint32_t length() const noexcept { return mbuf_.pkt_len; }
    std::span<std::byte> bytes() noexcept { return {data(), mbuf_.data_len}; }
    std::span<const std::byte> bytes() const noexcept { return {data(), mbuf_.data_len}; }
    /// What follows `offset` in the first segment; empty when nothing does.
    std::span<std::byte> from_offset(uint16_t offset) noexcept {
        return offset < mbuf_.data_len ? bytes().subspan(offset) : std::span<std::byte>();
    }
    std::span<const std::byte> from_offset(uint16_t offset) const noexcept {
        return offset < mbuf_.data_len ? bytes().subspan(offset) : std::span<const std::byte>();
    }

    /// The first segment has `bytes` bytes from `offset` on.
    bool holds(uint32_t offset, uint32_t bytes) const noexcept {
        return offset + bytes <= mbuf_.data_len;
    }

    uint16_t headroom() const noexcept { return mbuf_.data_off; }
    uint16_t tailroom() const noexcept {
        return uint16_t(mbuf_.buf_len - mbuf_.data_off - mbuf_.data_len);
    }
    /// Moves the first byte by `delta`: negative takes headroom, positive gives bytes up. False,
    /// and nothing changed, where there is no room. Offsets in the metadata keep pointing at the
    /// same bytes.
    bool move_start(int delta) noexcept {
        if (delta < 0 ? -delta > int(mbuf_.data_off) : delta > int(mbuf_.data_len)) {
            return false;
        }
        mbuf_.data_off = uint16_t(mbuf_.data_off + delta);
        mbuf_.data_len = uint16_t(mbuf_.data_len - delta);
        mbuf_.pkt_len = uint32_t(int(mbuf_.pkt_len) - delta);
        meta().l2_offset = uint16_t(meta().l2_offset - delta);
        meta().l3_offset = uint16_t(meta().l3_offset - delta);
        meta().l4_offset = uint16_t(meta().l4_offset - delta);
        return true;
    }
    /// Sets the length of a packet of one segment. False where the buffer is too small.
    bool resize(uint32_t length) noexcept {
        if (mbuf_.nb_segs != 1 || length > uint32_t(mbuf_.buf_len - mbuf_.data_off)) {
            return false;
        }
        mbuf_.data_len = uint16_t(length);
        mbuf_.pkt_len = length;
        return true;
    }
    /// Cuts the packet to `length` bytes, across segments. Nothing happens where it is no longer
    /// than that.
    void trim(uint32_t length) noexcept {
        if (length >= mbuf_.pkt_len) {
            return;
        }
        if (mbuf_.nb_segs == 1) [[likely]] {
            mbuf_.data_len = uint16_t(length);
            mbuf_.pkt_len = length;
            return;
        }
        trim_segments(length);
    }

private:
    void trim_segments(uint32_t length) noexcept;
    rte_mbuf mbuf_;
};
static_assert(sizeof(Packet) == sizeof(rte_mbuf));

}  // namespace graph
