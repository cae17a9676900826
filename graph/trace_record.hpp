// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/packet.hpp"

namespace graph {

/// A traced packet as it stood in front of one node.
struct TraceRecord {
    static constexpr unsigned captured_bytes = 128;

    /// Which traced packet, over all workers.
    uint64_t packet;
    uint64_t tsc;
    NodeId node;
    uint16_t worker;
    uint16_t captured;
    uint32_t length;
    Metadata meta;
    /// The packet's first bytes.
    std::array<std::byte, captured_bytes> bytes;
    std::array<std::byte, slot_bytes> slots;

    /// Copies what a packet is now. `packet` and `worker` are the caller's to fill in.
    void take(const Packet& from, NodeId in_front_of, uint64_t now_tsc) noexcept {
        tsc = now_tsc;
        node = in_front_of;
        length = from.length();
        meta = from.meta();
        captured = uint16_t(std::min<size_t>(from.segment_length(), bytes.size()));
        std::memcpy(bytes.data(), from.data(), captured);
        std::memcpy(slots.data(), from.slots(), slot_bytes);
    }
    std::span<const std::byte> data() const noexcept { return {bytes.data(), captured}; }
    /// What follows `offset` in the captured bytes; empty when nothing does.
    std::span<const std::byte> from_offset(uint16_t offset) const noexcept {
        return offset < captured ? data().subspan(offset) : std::span<const std::byte>();
    }
    /// The packet stands in front of the node "drop", or was counted as dropped and goes on as the
    /// quote of an error: meta.drop says why.
    bool dropped() const noexcept { return node == drop_node || meta.has(packet_flag::drop_noted); }
};

/// A packet's way through one node: as it stood in front of it, and in front of the next one.
struct TraceStep {
    const TraceRecord& at;
    /// nullptr where the packet's way ended at the node.
    const TraceRecord* next = nullptr;
};

/// What a node decided, as a kebab-case name and a value for people.
using TraceField = std::pair<std::string, std::string>;
using TraceFields = std::vector<TraceField>;

}  // namespace graph
