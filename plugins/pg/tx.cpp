// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/tx.hpp"

namespace pg {

void Tx::operator()(std::span<graph::Packet*> packets, graph::Dispatch& dispatch) const noexcept {
    // Packets that nobody keeps move to the front, to be freed as one.
    size_t kept = 0;
    size_t begin = 0;
    while (begin < packets.size()) {
        // Packets of a vector mostly leave by one interface: what depends on it is looked up once a
        // run.
        const vnet::interface::Index index = packets[begin]->meta().tx_interface;
        size_t end = begin + 1;
        while (end < packets.size() && packets[end]->meta().tx_interface == index) {
            ++end;
        }
        const uint32_t number = index < graph::max_interfaces
                                    ? table_.hot(index).unit.load(std::memory_order_relaxed)
                                    : max_units;
        const Unit* unit = number < max_units ? &units_[number] : nullptr;
        const bool known =
            unit != nullptr && unit->interface.load(std::memory_order_acquire) == index;
        Recorder* recorder = known ? unit->recorder.load(std::memory_order_acquire) : nullptr;
        for (; begin < end; ++begin) {
            graph::Packet* packet = packets[begin];
            if (!known) [[unlikely]] {
                dispatch.emit(*packet, graph::Hop::drop(graph::Edge(Drop::down)));
            } else if (recorder == nullptr || !recorder->offer(*packet, dispatch.now_tsc())) {
                packets[kept++] = packet;
            }
        }
    }
    graph::free_packets(packets.first(kept));
}

graph::TraceFields Tx::format(const graph::TraceStep& step) const {
    const vnet::interface::Index index = step.at.meta.tx_interface;
    if (index >= graph::max_interfaces) {
        return {};
    }
    const uint32_t number = table_.hot(index).unit.load(std::memory_order_relaxed);
    const bool recorded = number < max_units && units_[number].recorder.load() != nullptr;
    return {{"interface", table_.name_of(index)}, {"recorded", recorded ? "yes" : "no"}};
}

}  // namespace pg
