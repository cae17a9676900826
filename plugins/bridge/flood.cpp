// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/flood.hpp"

#include <cstring>

#include "plugins/bridge/frame.hpp"

namespace bridge {

using graph::Hop;

graph::Packet* copy(const graph::Packet& packet, graph::PacketPool& pool) noexcept {
    graph::Packet* made = pool.allocate();
    if (made == nullptr) {
        return nullptr;
    }
    if (!made->resize(packet.length())) {
        graph::free_packet(made);
        return nullptr;
    }
    std::byte* to = made->data();
    for (const rte_mbuf* segment = packet.mbuf(); segment != nullptr; segment = segment->next) {
        std::memcpy(to, rte_pktmbuf_mtod(segment, const std::byte*), segment->data_len);
        to += segment->data_len;
    }
    made->meta() = packet.meta();
    made->meta().flags &= uint16_t(~graph::packet_flag::traced);
    return made;
}

bool Flood::goes(Index from, uint32_t group, Index to, const graph::Packet& packet) const noexcept {
    if (to == from || !table_.hot(to).operational()) {
        return false;
    }
    if (group != 0 && ports_.port(to).group.load(std::memory_order_relaxed) == group) {
        return false;
    }
    return packet.length() <= longest(table_.hot(to));
}

void Flood::to_router(graph::Packet& packet, Index bridge,
                      graph::Dispatch& dispatch) const noexcept {
    packet.meta().rx_interface = bridge;
    count_received(table_, dispatch.worker(), bridge, packet);
    dispatch.emit(packet, dispatch.start_arc(arc_, packet, Hop::edge(graph::Edge(Next::router))));
}

Hop Flood::flood(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const Index from = meta.rx_interface;
    if (from >= graph::max_interfaces) {
        return Hop::drop(graph::Edge(Drop::no_bridge));
    }
    const bool from_router = ports_.members(from) != nullptr;
    const Index bridge =
        from_router ? from : ports_.port(from).bridge.load(std::memory_order_acquire);
    const Ports::Members* members = bridge == 0 ? nullptr : ports_.members(bridge);
    if (members == nullptr) {
        return Hop::drop(graph::Edge(Drop::no_bridge));
    }
    if (!from_router && !ports_.may_flood(dispatch.worker(), from, dispatch.now_tsc())) {
        return Hop::drop(graph::Edge(Drop::storm));
    }
    if (!from_router && meta.has(graph::packet_flag::l2_group) && table_.hot(bridge).up()) {
        if (graph::Packet* made = copy(packet, dispatch.pool()); made != nullptr) {
            to_router(*made, bridge, dispatch);
        } else {
            dispatch.count_drop(graph::Edge(Drop::no_buffer));
        }
    }
    // The packet itself goes to the last port, copies to those before.
    const uint32_t group =
        from_router ? 0 : ports_.port(from).group.load(std::memory_order_relaxed);
    Index waiting = 0;
    for (const Index to : *members) {
        if (!goes(from, group, to, packet)) {
            continue;
        }
        if (waiting != 0) {
            if (graph::Packet* made = copy(packet, dispatch.pool()); made != nullptr) {
                made->meta().tx_interface = waiting;
                dispatch.emit(*made, Hop::edge(graph::Edge(Next::output)));
            } else {
                dispatch.count_drop(graph::Edge(Drop::no_buffer));
            }
        }
        waiting = to;
    }
    if (waiting == 0) {
        return Hop::drop(graph::Edge(Drop::nowhere));
    }
    meta.tx_interface = waiting;
    return Hop::edge(graph::Edge(Next::output));
}

void Flood::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                       graph::Dispatch& dispatch) const noexcept {
    for (size_t i = 0; i < packets.size(); ++i) {
        hops.set(i, flood(*packets[i], dispatch));
    }
}

}  // namespace bridge
