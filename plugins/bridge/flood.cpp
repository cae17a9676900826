// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/flood.hpp"

#include "plugins/bridge/frame.hpp"
#include "vnet/fragment/chain.hpp"

namespace bridge {

using graph::Hop;

Flood::Way Flood::way(Index from, uint32_t group, Index to,
                      const graph::Packet& packet) const noexcept {
    const vnet::interface::Hot& port = table_.hot(to);
    if (to == from || !port.operational()) {
        return Way::closed;
    }
    if (group != 0 && ports_.port(to).group.load(std::memory_order_relaxed) == group) {
        return Way::closed;
    }
    return packet.length() <= longest(port) ? Way::open : Way::too_narrow;
}

Hop Flood::send(graph::Packet& packet, Index to, Index bridge,
                graph::Dispatch& dispatch) const noexcept {
    if (to != bridge) {
        packet.meta().tx_interface = to;
        return Hop::edge(graph::Edge(Next::output));
    }
    packet.meta().rx_interface = bridge;
    count_received(table_, dispatch.worker(), bridge, packet);
    return dispatch.start_arc(arc_, packet, Hop::edge(graph::Edge(Next::router)));
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
    const bool for_router =
        !from_router && meta.has(graph::packet_flag::l2_group) && table_.hot(bridge).up();
    const uint32_t group =
        from_router ? 0 : ports_.port(from).group.load(std::memory_order_relaxed);
    // The router stands in front of the ports. The packet itself goes to the last one who takes it,
    // copies to those before.
    Index waiting = for_router ? bridge : 0;
    uint64_t too_narrow = 0;
    for (const Index to : *members) {
        const Way found = way(from, group, to, packet);
        too_narrow += found == Way::too_narrow;
        if (found != Way::open) {
            continue;
        }
        if (waiting != 0) {
            if (graph::Packet* made = vnet::fragment::copy(packet, dispatch.pool());
                made != nullptr) {
                dispatch.emit(*made, send(*made, waiting, bridge, dispatch));
            } else {
                dispatch.count_drop(graph::Edge(Drop::no_buffer));
            }
        }
        waiting = to;
    }
    if (waiting == 0) {
        return Hop::drop(graph::Edge(too_narrow != 0 ? Drop::exceeds_mtu : Drop::nowhere));
    }
    if (too_narrow != 0) [[unlikely]] {
        dispatch.count_drop(graph::Edge(Drop::exceeds_mtu), too_narrow);
    }
    return send(packet, waiting, bridge, dispatch);
}

void Flood::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                       graph::Dispatch& dispatch) const noexcept {
    for (size_t i = 0; i < packets.size(); ++i) {
        hops.set(i, flood(*packets[i], dispatch));
    }
}

}  // namespace bridge
