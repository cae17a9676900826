// SPDX-License-Identifier: Apache-2.0
#include "plugins/vxlan/segment_encap.hpp"

#include <utility>

#include "vnet/fragment/chain.hpp"

namespace vxlan {

namespace wire = vnet::wire;

auto SegmentEncap::send(graph::Packet& packet, Remote remote, const vnet::tunnel::Heading& heading,
                        Pass& pass) const noexcept -> graph::To<graph::NoNext, Drop> {
    const Outer& outer = tables_.outers[remote];
    const bool has_checksum = (outer.note & note::checksum) != 0;
    if (const auto refused = pass.wrap(packet, outer, heading.inner, heading.flow)) [[unlikely]] {
        return Drop(graph::Edge(*refused));
    }
    if (has_checksum) [[unlikely]] {
        vnet::tunnel::sum_up_udp(packet, outer);
    }
    return pass.hop();
}

auto SegmentEncap::flood(graph::Packet& packet, const vnet::tunnel::Heading& heading,
                         Pass& pass) const noexcept -> graph::To<graph::NoNext, Drop> {
    const SegmentTables::Flood* remotes =
        tables_.floods[packet.meta().tx_interface].load(std::memory_order_acquire);
    if (remotes == nullptr || remotes->empty()) {
        return Drop::no_remote;
    }
    // The packet itself goes to the last, copies to those before.
    for (size_t i = 0; i + 1 < remotes->size(); ++i) {
        graph::Packet* made = vnet::fragment::copy(packet, pass.dispatch_.pool());
        if (made == nullptr) {
            pass.dispatch_.count_drop(graph::Edge(Drop::no_buffer));
            continue;
        }
        pass.dispatch_.emit(*made, send(*made, (*remotes)[i], heading, pass));
    }
    return send(packet, remotes->back(), heading, pass);
}

auto SegmentEncap::operator()(graph::Packet& packet, Pass& pass) const noexcept
    -> graph::To<graph::NoNext, Drop> {
    const graph::Metadata& meta = packet.meta();
    const auto* ethernet = wire::view<wire::EthernetHeader>(std::as_const(packet).bytes());
    if (ethernet == nullptr || meta.tx_interface >= graph::max_interfaces) [[unlikely]] {
        return Drop::not_carried;
    }
    const auto heading = vnet::tunnel::read_heading(std::as_const(packet).bytes(), meta.flow_hash);
    if (ethernet->destination.is_unicast()) [[likely]] {
        const auto station = vnet::learning::station(meta.tx_interface, ethernet->destination);
        if (const auto* known = pass.macs_.find(station, pass.macs_.prefetch(station))) {
            return send(packet, known->interface(), heading, pass);
        }
    }
    return flood(packet, heading, pass);
}

}  // namespace vxlan

template void graph::drive<vxlan::SegmentEncap>(const void*, graph::Dispatch&,
                                                graph::Frame&) noexcept;
