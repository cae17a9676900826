// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/output.hpp"

namespace vnet::interface {

void Output::operator()(std::span<graph::Packet* const> packets, graph::Hops hops,
                        graph::Dispatch& dispatch) const noexcept {
    // Packets of a vector mostly leave by one interface: what depends on it is looked up once a
    // run.
    size_t begin = 0;
    while (begin < packets.size()) {
        const Index index = packets[begin]->meta().tx_interface;
        size_t end = begin;
        const bool known = index < graph::max_interfaces;
        const Hot* hot = known ? &table_.hot(index) : nullptr;
        if (!known || !hot->up()) [[unlikely]] {
            for (; end < packets.size() && packets[end]->meta().tx_interface == index; ++end) {
                hops.set(end, graph::Hop::drop(graph::Edge(Drop::down)));
            }
            begin = end;
            continue;
        }
        const graph::Hop straight = graph::Hop::node(hot->tx_node.load(std::memory_order_relaxed));
        uint64_t bytes = 0;
        for (; end < packets.size() && packets[end]->meta().tx_interface == index; ++end) {
            bytes += packets[end]->length();
            hops.set(end, dispatch.start_arc(arc_, *packets[end], straight));
        }
        Counters& counters = table_.counters(dispatch.worker(), index);
        counters.tx_packets.add(end - begin);
        counters.tx_bytes.add(bytes);
        begin = end;
    }
}

}  // namespace vnet::interface
