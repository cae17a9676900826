// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/decap.hpp"
#include "plugins/geneve/encap.hpp"
#include "plugins/geneve/service.hpp"
#include "plugins/geneve/tunnels.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/router.hpp"

namespace geneve {

namespace {

template <class Family>
absl::Status add_decap(vnet::plugin::Registry& registry, const Tunnels& tunnels, graph::ArcId arc) {
    const auto node = registry.add_node(std::make_shared<const Decap<Family>>(
        registry.interfaces(), tunnels.links, tunnels.options, arc));
    return node.ok() ? registry.take_out<Family>(vnet::wire::GeneveHeader::port, *node)
                     : node.status();
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto tunnels = std::make_shared<Tunnels>(
        vnet::tunnel::PointToPoint::Parts{router.engine(), router.interfaces(), router.tunnels()});
    registry.keep(tunnels);
    const auto arc = registry.find_arc("device-input");
    if (!arc.ok()) {
        return arc.status();
    }
    const auto encap = registry.add_node(
        std::make_shared<const Encap>(router.tunnels().exits, tunnels->links, tunnels->options));
    if (!encap.ok()) {
        return encap.status();
    }
    tunnels->links.set_tx_node(*encap);
    absl::Status status = add_decap<vnet::ip4::Family>(registry, *tunnels, *arc);
    status.Update(add_decap<vnet::ip6::Family>(registry, *tunnels, *arc));
    status.Update(registry.add_interface_kind(Tunnels::kind, Encap::info.name.data()));
    if (!status.ok()) {
        return status;
    }
    registry.put_in(Encap::info.name.data());
    registry.observe_interfaces([tunnels = tunnels.get()](const auto& interface, auto change) {
        tunnels->changed(interface, change);
    });
    return register_service(registry, *tunnels);
}

}  // namespace geneve
