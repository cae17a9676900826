// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/output.hpp"

#include "plugins/vlan/tag_bytes.hpp"

namespace vlan {

void Output::set(Index interface, Index parent, std::optional<Tag> tag) noexcept {
    const Unit upper = tag ? Unit(uint16_t(tag->type)) << 16 | tag->id : 0;
    units_[interface].store(upper << 32 | parent, std::memory_order_release);
}

std::optional<Tag> Output::tag_of(Unit unit) noexcept {
    const auto upper = uint32_t(unit >> 32);
    return upper == 0 ? std::nullopt
                      : std::optional(Tag{EtherType(upper >> 16), uint16_t(upper & 0xffff)});
}

graph::To<Output::Next, Output::Drop> Output::operator()(graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    const Unit unit = meta.tx_interface < graph::max_interfaces
                          ? units_[meta.tx_interface].load(std::memory_order_acquire)
                          : 0;
    if (unit == 0) [[unlikely]] {
        return Drop::gone;
    }
    if (const auto tag = tag_of(unit); tag && !push_tag(packet, *tag)) [[unlikely]] {
        return Drop::no_room;
    }
    meta.tx_interface = Index(unit);
    return Next::interface;
}

graph::TraceFields Output::format(const graph::TraceStep& step) const {
    if (step.next == nullptr || step.next->node == graph::drop_node) {
        return {};
    }
    graph::TraceFields fields;
    if (const auto* header = vnet::wire::view<TaggedHeader>(step.next->data());
        header != nullptr && is_tag(header->ethernet_type())) {
        fields = tag_fields(header->ethernet_type(), header->tag);
    }
    fields.emplace_back("parent", table_.name_of(step.next->meta.tx_interface));
    return fields;
}

}  // namespace vlan
