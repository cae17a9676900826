// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/output.hpp"

#include "plugins/bridge/frame.hpp"

namespace bridge {

graph::To<Output::Next, Output::Drop> Output::operator()(graph::Packet& packet) const noexcept {
    graph::Metadata& meta = packet.meta();
    const Index bridge = meta.tx_interface;
    if (bridge >= graph::max_interfaces || ports_.members(bridge) == nullptr) [[unlikely]] {
        return Drop::gone;
    }
    const auto* header = header_of(packet);
    if (header == nullptr) [[unlikely]] {
        return Drop::too_short;
    }
    meta.rx_interface = bridge;
    if (header->destination.is_multicast()) {
        return Next::flood;
    }
    const MacTable::Entry* known = stations_.find(station(bridge, header->destination));
    if (known == nullptr) {
        return Next::flood;
    }
    const Index to = known->interface();
    if (to == bridge) [[unlikely]] {
        return Drop::same_port;
    }
    meta.tx_interface = to;
    return Next::output;
}

graph::TraceFields Output::format(const graph::TraceStep& step) const {
    if (step.next == nullptr || step.next->node == graph::drop_node) {
        return {};
    }
    const bool all = step.next->meta.tx_interface == step.at.meta.tx_interface;
    return {{"to", all ? "all ports" : table_.name_of(step.next->meta.tx_interface)}};
}

}  // namespace bridge
