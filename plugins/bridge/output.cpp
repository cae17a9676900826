// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/output.hpp"

#include "plugins/bridge/frame.hpp"

namespace bridge {

graph::To<Output::Next, Output::Drop> Output::operator()(graph::Packet& packet,
                                                         graph::Dispatch& dispatch) const noexcept {
    graph::Metadata& meta = packet.meta();
    const Index bridge = meta.tx_interface;
    if (bridge >= graph::max_interfaces || shared_.ports.members(bridge) == nullptr) [[unlikely]] {
        return Drop::gone;
    }
    const auto* header = header_of(packet);
    if (header == nullptr) [[unlikely]] {
        return Drop::too_short;
    }
    meta.rx_interface = bridge;
    if (const uint8_t kinds = shared_.ports.suppressed(bridge);
        kinds != 0 && may_have_words(header->type) &&
        ears_.hear(packet, bridge, kinds, true, dispatch)) {
        return Next::suppress;
    }
    if (header->destination.is_multicast()) {
        return Next::flood;
    }
    const MacTable::Entry* known = shared_.stations.find(station(bridge, header->destination));
    if (known == nullptr) {
        return Next::flood;
    }
    const Index to = known->interface();
    if (to == bridge) [[unlikely]] {
        return Drop::same_port;
    }
    const vnet::interface::Hot& port = table_.hot(to);
    if (!port.operational()) [[unlikely]] {
        return Drop::port_down;
    }
    if (packet.length() > longest(port)) [[unlikely]] {
        return Drop::exceeds_mtu;
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
