// SPDX-License-Identifier: Apache-2.0
#include "plugins/cross-connect/connect.hpp"

#include "vnet/device/link_bytes.hpp"

namespace cross_connect {

namespace {

using graph::Hop;
constexpr size_t prefetch_ahead = 8;

}  // namespace

void Connect::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                         graph::Dispatch&) const noexcept {
    // What depends on the interface is looked up once for a run of packets that came in by it.
    size_t i = 0;
    while (i < packets.size()) {
        const Index from = packets[i]->meta().rx_interface;
        const Index peer =
            from < graph::max_interfaces ? peers_[from].load(std::memory_order_acquire) : 0;
        const bool up = peer != 0 && table_.hot(from).up();
        const uint32_t longest = table_.hot(peer).mtu.load(std::memory_order_relaxed) +
                                 vnet::device::ethernet_bytes + vnet::device::vlan_bytes;
        for (; i < packets.size() && packets[i]->meta().rx_interface == from; ++i) {
            if (i + prefetch_ahead < packets.size()) {
                __builtin_prefetch(packets[i + prefetch_ahead]);
                __builtin_prefetch(&packets[i + prefetch_ahead]->meta());
            }
            if (!up) [[unlikely]] {
                hops.set(i, Hop::drop(graph::Edge(peer == 0 ? Drop::not_connected
                                                            : Drop::interface_down)));
                continue;
            }
            packets[i]->meta().tx_interface = peer;
            hops.set(i, packets[i]->length() <= longest
                            ? Hop::edge(graph::Edge(Next::interface))
                            : Hop::drop(graph::Edge(Drop::exceeds_mtu)));
        }
    }
}

graph::TraceFields Connect::format(const graph::TraceStep& step) const {
    if (step.next == nullptr || step.next->node == graph::drop_node) {
        return {};
    }
    return {{"peer", table_.name_of(step.next->meta.tx_interface)}};
}

}  // namespace cross_connect
