// SPDX-License-Identifier: Apache-2.0
#include "plugins/loopback/transmit.hpp"

#include "vnet/wire/ethernet.hpp"

namespace loopback {

graph::To<graph::NoNext, Transmit::Drop> Transmit::operator()(
    graph::Packet& packet) const noexcept {
    const auto* header = vnet::wire::view<vnet::wire::EthernetHeader>(packet.bytes());
    return header != nullptr && header->destination.is_multicast() ? Drop::group : Drop::nobody;
}

graph::TraceFields Transmit::format(const graph::TraceStep& step) const {
    return {{"interface", table_.name_of(step.at.meta.tx_interface)}};
}

}  // namespace loopback
