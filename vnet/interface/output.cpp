// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/output.hpp"

namespace vnet::interface {

namespace {
constexpr size_t prefetch_ahead = 8;
}

void Output::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                        graph::Dispatch& dispatch) const noexcept {
    // Packets of a vector mostly leave by one interface: what depends on it is looked up once a
    // run.
    size_t begin = 0;
    while (begin < packets.size()) {
        const Index index = packets[begin]->meta().tx_interface;
        const Hot* hot = index < graph::max_interfaces ? &table_.hot(index) : nullptr;
        const bool up = hot != nullptr && hot->up();
        const graph::NodeId tx = up ? hot->tx_node.load(std::memory_order_relaxed) : graph::no_node;
        graph::ArcEntrance entrance = dispatch.entrance(arc_, graph::Hop::node(tx));
        uint64_t bytes = 0;
        size_t end = begin;
        for (; end < packets.size() && packets[end]->meta().tx_interface == index; ++end) {
            if (end + prefetch_ahead < packets.size()) {
                __builtin_prefetch(packets[end + prefetch_ahead]);
                __builtin_prefetch(&packets[end + prefetch_ahead]->meta());
            }
            bytes += packets[end]->length();
            hops.set(end, up ? entrance.enter(*packets[end], index)
                             : graph::Hop::drop(graph::Edge(Drop::down)));
        }
        if (up) [[likely]] {
            Counters& counters = table_.counters(dispatch.worker(), index);
            counters.tx_packets.add(end - begin);
            counters.tx_bytes.add(bytes);
        }
        begin = end;
    }
}

}  // namespace vnet::interface

template void graph::drive<vnet::interface::Output>(const void*, graph::Dispatch&,
                                                    graph::Frame&) noexcept;
