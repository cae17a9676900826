// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/input.hpp"

#include <cstring>

#include "plugins/vlan/tag_bytes.hpp"

namespace vlan {

namespace {

using graph::Hop;

/// Tagged for priority, and once more behind it.
bool tagged_for_priority_twice(const TaggedHeader& header, const graph::Packet& packet) noexcept {
    const EtherType inner = header.tag.ether_type();
    const auto* next = vnet::wire::view<vnet::wire::VlanTag>(
        packet.data() + sizeof(TaggedHeader), packet.segment_length() - sizeof(TaggedHeader));
    return is_tag(inner) && next != nullptr && next->id() == 0;
}

}  // namespace

/// What is known of packets that came in by one interface.
class Input::Run {
public:
    Run(const Input& node, graph::Dispatch& dispatch) noexcept
        : node_(node),
          dispatch_(dispatch),
          entrance_(dispatch.entrance(node.arc_, Hop::edge(graph::Edge(Next::ethernet)))) {}

    Hop take(graph::Packet& packet) noexcept {
        const auto* header = vnet::wire::view<TaggedHeader>(packet.data(), packet.segment_length());
        if (header == nullptr) [[unlikely]] {
            return Hop::drop(graph::Edge(Drop::too_short));
        }
        graph::Metadata& meta = packet.meta();
        if (meta.rx_interface != interface_) {
            interface_ = meta.rx_interface;
            parent_ = node_.tags_.parent(interface_);
        }
        const Tag tag{header->ethernet_type(), header->tag.id()};
        Index to = parent_ == nullptr ? 0 : parent_->exact(tag);
        if (to != 0) [[likely]] {
            pop_tag(packet, header->tag);
        } else if (tag.id == 0) {
            if (tagged_for_priority_twice(*header, packet)) {
                return Hop::drop(graph::Edge(Drop::too_many_tags));
            }
            pop_tag(packet, header->tag);
            return Hop::edge(graph::Edge(Next::ethernet));
        } else if (to = parent_ == nullptr ? 0 : parent_->rest(); to == 0) {
            return Hop::drop(graph::Edge(Drop::unknown_vlan));
        }
        meta.rx_interface = to;
        vnet::interface::Counters& counters = node_.table_.counters(dispatch_.worker(), to);
        counters.rx_packets.add(1);
        counters.rx_bytes.add(packet.length());
        return entrance_.enter(packet, to);
    }

private:
    const Input& node_;
    graph::Dispatch& dispatch_;
    graph::ArcEntrance entrance_;
    Index interface_ = graph::no_interface;
    const Tags::Parent* parent_ = nullptr;
};

void Input::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                       graph::Dispatch& dispatch) const noexcept {
    constexpr size_t prefetch_ahead = 8;
    Run run(*this, dispatch);
    for (size_t i = 0; i < packets.size(); ++i) {
        if (i + prefetch_ahead < packets.size()) {
            __builtin_prefetch(packets[i + prefetch_ahead]->data());
        }
        hops.set(i, run.take(*packets[i]));
    }
}

graph::TraceFields Input::format(const graph::TraceStep& step) const {
    const auto* header = vnet::wire::view<TaggedHeader>(step.at.data());
    if (header == nullptr) {
        return {};
    }
    graph::TraceFields fields = tag_fields(header->ethernet_type(), header->tag);
    if (step.next != nullptr && step.next->node != graph::drop_node) {
        fields.emplace_back("interface", table_.name_of(step.next->meta.rx_interface));
    }
    return fields;
}

}  // namespace vlan
