// SPDX-License-Identifier: Apache-2.0
#include "vnet/ethernet/input.hpp"

#include <fmt/format.h>

#include <cstring>

#include "vnet/wire/ethernet.hpp"

namespace vnet::ethernet {

namespace {

constexpr uint16_t header_bytes = sizeof(wire::EthernetHeader);

/// The first eight bytes of a frame as they lie in memory: the destination, and in the two high
/// bytes the beginning of the source. On a little-endian host, as all that DPDK's x86 drivers run
/// on.
constexpr uint64_t destination_mask = 0x0000'ffff'ffff'ffff;
constexpr uint64_t destination_group = 0x0000'0000'0000'0001;
constexpr uint64_t source_group = 0x0001'0000'0000'0000;

template <class T>
T load(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

/// Hot::mac in the order of a frame.
uint64_t in_frame_order(uint64_t mac) noexcept {
    return __builtin_bswap64(mac) >> 16;
}

}  // namespace

void Input::Pass::turn_to(interface::Index index) noexcept {
    const bool known = index < graph::max_interfaces;
    index_ = index;
    up_ = known && table_.hot(index).up();
    mac_ = known ? in_frame_order(table_.hot(index).mac.load(std::memory_order_relaxed)) : 0;
    wanted_type_ = up_ ? wire::to_be(wire::EtherType::ip4).network() : no_type;
    wanted_type6_ = up_ ? wire::to_be(wire::EtherType::ip6).network() : no_type;
}

graph::To<Input::Next, Input::Drop> Input::operator()(graph::Packet& packet,
                                                      Pass& pass) const noexcept {
    graph::Metadata& meta = packet.meta();
    if (meta.rx_interface != pass.index_) [[unlikely]] {
        pass.turn_to(meta.rx_interface);
    }
    const std::byte* data = packet.data();
    meta.l2_offset = 0;
    meta.l3_offset = header_bytes;
    if (packet.segment_length() >= header_bytes &&
        ((load<uint64_t>(data) ^ pass.mac_) & (destination_mask | source_group)) == 0) [[likely]] {
        const uint32_t type = load<uint16_t>(data + 12);
        if (type == pass.wanted_type_) [[likely]] {
            return Next::ip4;
        }
        if (type == pass.wanted_type6_) {
            return Next::ip6;
        }
    }
    return classify(packet, pass);
}

graph::To<Input::Next, Input::Drop> Input::classify(graph::Packet& packet,
                                                    const Pass& pass) const noexcept {
    const auto* header = wire::view<wire::EthernetHeader>(packet.data(), packet.segment_length());
    if (header == nullptr) {
        return Drop::too_short;
    }
    if (!pass.up_) {
        return Drop::interface_down;
    }
    const wire::EtherType type = header->ether_type();
    const auto first = load<uint64_t>(packet.data());
    if (const graph::NodeId node = types_.find_for_any(type);
        node != graph::no_node && (first & source_group) == 0) {
        return graph::Hop::node(node);
    }
    if ((first & destination_group) != 0) {
        packet.meta().flags |= graph::packet_flag::l2_group;
    } else if ((first & destination_mask) != pass.mac_) {
        return Drop::not_for_us;
    }
    if ((first & source_group) != 0) {
        return Drop::bad_source;
    }
    if (header->is_llc()) {
        return Drop::not_ethernet_ii;
    }
    if (type == wire::EtherType::ip4) {
        return Next::ip4;
    }
    if (type == wire::EtherType::ip6) {
        return Next::ip6;
    }
    if (type == wire::EtherType::arp) {
        return Next::arp;
    }
    if (const graph::NodeId node = types_.find(type); node != graph::no_node) {
        return graph::Hop::node(node);
    }
    const bool tagged = type == wire::EtherType::vlan || type == wire::EtherType::qinq;
    return tagged ? Drop::unknown_vlan : Drop::unknown_type;
}

graph::TraceFields Input::format(const graph::TraceStep& step) {
    const auto* header = wire::view<wire::EthernetHeader>(step.at.data());
    if (header == nullptr) {
        return {};
    }
    graph::TraceFields fields;
    if (step.next != nullptr && step.next->node != graph::drop_node) {
        const bool group = step.next->meta.has(graph::packet_flag::l2_group);
        fields.emplace_back("addressed-to", group ? "a group" : "this station");
    }
    const std::string_view type = wire::name(header->ether_type());
    fields.emplace_back("type", type.empty() ? fmt::format("{:#06x}", header->type.value()) : type);
    return fields;
}

}  // namespace vnet::ethernet

template void graph::drive<vnet::ethernet::Input>(const void*, graph::Dispatch&,
                                                  graph::Frame&) noexcept;
