// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstring>

#include "graph/packet.hpp"
#include "graph/trace_record.hpp"
#include "plugins/vlan/tags.hpp"

namespace vlan {

/// The beginning of a tagged frame.
struct TaggedHeader {
    vnet::wire::MacAddress destination;
    vnet::wire::MacAddress source;
    vnet::wire::Be16 type;
    vnet::wire::VlanTag tag;

    EtherType ethernet_type() const noexcept { return EtherType(type.value()); }
};
static_assert(vnet::wire::WireHeader<TaggedHeader> && sizeof(TaggedHeader) == 18);

inline constexpr int tag_bytes = sizeof(vnet::wire::VlanTag);
inline constexpr size_t address_bytes = 2 * sizeof(vnet::wire::MacAddress);

inline bool is_tag(EtherType type) noexcept {
    return type == EtherType::vlan || type == EtherType::qinq;
}

/// Priority and drop eligibility of a tag, as packet_flag::priority_mask has them.
inline uint16_t priority_flags(const vnet::wire::VlanTag& tag) noexcept {
    return tag.control.value() & graph::packet_flag::priority_mask;
}

/// Takes the outer tag, which is `tag`, off a frame, and notes its priority. The frame's first byte
/// moves.
inline void pop_tag(graph::Packet& packet, const vnet::wire::VlanTag& tag) noexcept {
    graph::Metadata& meta = packet.meta();
    meta.flags = uint16_t((meta.flags & ~graph::packet_flag::priority_mask) | priority_flags(tag));
    std::byte addresses[address_bytes];
    std::memcpy(addresses, packet.data(), address_bytes);
    packet.move_start(tag_bytes);
    std::memcpy(packet.data(), addresses, address_bytes);
    meta.l2_offset = 0;
}

/// Puts a tag in front of the type, with the priority that the packet has. False, and nothing is
/// changed, where the buffer has no room.
inline bool push_tag(graph::Packet& packet, Tag tag) noexcept {
    if (!packet.holds(0, address_bytes) || !packet.move_start(-tag_bytes)) {
        return false;
    }
    std::byte addresses[address_bytes];
    std::memcpy(addresses, packet.data() + tag_bytes, address_bytes);
    std::memcpy(packet.data(), addresses, address_bytes);
    const vnet::wire::Be16 words[] = {
        vnet::wire::to_be(tag.type),
        vnet::wire::Be16(uint16_t((packet.meta().flags & graph::packet_flag::priority_mask) |
                                  (tag.id & 0xfff)))};
    std::memcpy(packet.data() + address_bytes, words, sizeof(words));
    packet.meta().l2_offset = 0;
    return true;
}

/// "dot1q" or "dot1ad", as commands have it.
constexpr const char* word(EtherType type) noexcept {
    return type == EtherType::qinq ? "dot1ad" : "dot1q";
}

inline graph::TraceFields tag_fields(EtherType type, const vnet::wire::VlanTag& tag) {
    graph::TraceFields fields;
    fields.emplace_back(word(type), fmt::format("{}", tag.id()));
    fields.emplace_back("priority", fmt::format("{}", tag.priority()));
    return fields;
}

}  // namespace vlan
