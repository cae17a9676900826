// SPDX-License-Identifier: Apache-2.0
#include "plugins/vxlan/decap.hpp"
#include "plugins/vxlan/encap.hpp"
#include "plugins/vxlan/segment_encap.hpp"
#include "plugins/vxlan/segments.hpp"
#include "plugins/vxlan/service.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/router.hpp"

namespace vxlan {

namespace {

using vnet::tunnel::PointToPoint;

/// Adds the node that takes frames out of packets of an underlay.
template <class Family>
absl::StatusOr<graph::NodeId> add_decap(vnet::plugin::Registry& registry,
                                        const PointToPoint& tunnels, SegmentTables& segments,
                                        graph::ArcId arc) {
    const auto node = registry.add_node(
        std::make_shared<const Decap<Family>>(registry.interfaces(), tunnels, segments, arc));
    if (!node.ok()) {
        return node;
    }
    const absl::Status status = registry.take_out<Family>(vnet::wire::VxlanHeader::port, *node);
    return status.ok() ? node : status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto tunnels = std::make_shared<PointToPoint>(
        PointToPoint::Parts{router.engine(), router.interfaces(), router.tunnels()}, "vxlan",
        PointToPoint::Layouts::one);
    registry.keep(tunnels);
    const auto tables = std::make_shared<SegmentTables>(router.engine().rcu(),
                                                        unsigned(router.engine().workers().size()));
    registry.keep(tables);
    const auto arc = registry.find_arc("device-input");
    if (!arc.ok()) {
        return arc.status();
    }
    const auto encap =
        registry.add_node(std::make_shared<const Encap>(router.tunnels().exits, *tunnels));
    const auto many =
        registry.add_node(std::make_shared<const SegmentEncap>(router.tunnels().exits, *tables));
    const auto decap4 = add_decap<vnet::ip4::Family>(registry, *tunnels, *tables, *arc);
    const auto decap6 = add_decap<vnet::ip6::Family>(registry, *tunnels, *tables, *arc);
    for (const auto& node : {encap, many, decap4, decap6}) {
        if (!node.ok()) {
            return node.status();
        }
    }
    tunnels->set_tx_node(*encap);
    absl::Status status = registry.add_interface_kind("vxlan", Encap::info.name.data());
    status.Update(registry.add_interface_kind(Segments::kind, SegmentEncap::info.name.data()));
    if (!status.ok()) {
        return status;
    }
    registry.put_in(Encap::info.name.data());
    registry.put_in(SegmentEncap::info.name.data());
    const auto segments = std::make_shared<Segments>(
        Segments::Parts{router.engine(), router.interfaces(), router.tunnels(), *tables}, *many);
    registry.keep(segments);
    const auto ports = std::make_shared<Ports>(router.tunnels(), *decap4, *decap6);
    registry.keep(ports);
    registry.observe_interfaces([tunnels = tunnels.get(), segments = segments.get(),
                                 ports = ports.get()](const auto& interface, auto change) {
        if (change == vnet::interface::Change::removing) {
            if (const auto state = tunnels->state(interface.index)) {
                ports->leave(port_of(state->spec));
            } else if (segments->has(interface.index)) {
                ports->leave(segments->spec(interface.index).port);
            }
        }
        tunnels->changed(interface, change);
        segments->changed(interface, change);
    });
    return register_services(registry, *tunnels, *segments, *ports);
}

}  // namespace vxlan
