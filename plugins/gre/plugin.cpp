// SPDX-License-Identifier: Apache-2.0
#include "plugins/gre/decap.hpp"
#include "plugins/gre/encap.hpp"
#include "plugins/gre/service.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/router.hpp"

namespace gre {

namespace {

using vnet::tunnel::PointToPoint;
using vnet::wire::IpProtocol;

/// What lives as long as the plugin. When it goes no packet is led to its nodes any more.
struct State {
    explicit State(vnet::Router& the_router)
        : router(the_router),
          gre({router.engine(), router.interfaces(), router.tunnels()}, "gre",
              PointToPoint::Layouts::by_family),
          ipip({router.engine(), router.interfaces(), router.tunnels()}, "ipip",
               PointToPoint::Layouts::by_family) {}

    vnet::Router& router;
    PointToPoint gre;
    PointToPoint ipip;
};

/// Adds the nodes that take packets of an underlay out of tunnels.
template <class Family>
absl::Status add_decaps(vnet::plugin::Registry& registry, const State& state,
                        std::shared_ptr<const GreDecap<Family>> gre) {
    const auto gre_node = registry.add_node(std::move(gre));
    const auto ipip_node = registry.add_node(
        std::make_shared<const IpipDecap<Family>>(registry.interfaces(), state.ipip));
    if (!gre_node.ok() || !ipip_node.ok()) {
        return gre_node.ok() ? ipip_node.status() : gre_node.status();
    }
    absl::Status status = registry.take_out<Family>(IpProtocol::gre, *gre_node);
    status.Update(registry.take_out<Family>(IpProtocol::ipip, *ipip_node));
    status.Update(registry.take_out<Family>(IpProtocol::ip6, *ipip_node));
    return status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto state = std::make_shared<State>(registry.router());
    registry.keep(state);
    const auto arc = registry.find_arc("device-input");
    if (!arc.ok()) {
        return arc.status();
    }
    const auto& exits = registry.router().tunnels().exits;
    const auto workers = unsigned(registry.router().engine().workers().size());
    const Sequences sequences{std::make_shared<const GreEncap>(exits, state->gre, workers),
                              std::make_shared<const GreDecap<vnet::ip4::Family>>(
                                  registry.interfaces(), state->gre, *arc, workers),
                              std::make_shared<const GreDecap<vnet::ip6::Family>>(
                                  registry.interfaces(), state->gre, *arc, workers)};
    const auto gre_tx = registry.add_node(sequences.encap);
    const auto ipip_tx = registry.add_node(std::make_shared<const IpipEncap>(exits, state->ipip));
    if (!gre_tx.ok() || !ipip_tx.ok()) {
        return gre_tx.ok() ? ipip_tx.status() : gre_tx.status();
    }
    state->gre.set_tx_node(*gre_tx);
    state->ipip.set_tx_node(*ipip_tx);
    absl::Status status = add_decaps(registry, *state, sequences.decap4);
    status.Update(add_decaps(registry, *state, sequences.decap6));
    status.Update(registry.add_interface_kind("gre", GreEncap::info.name.data()));
    status.Update(registry.add_interface_kind("ipip", IpipEncap::info.name.data()));
    if (!status.ok()) {
        return status;
    }
    registry.put_in(GreEncap::info.name.data());
    registry.put_in(IpipEncap::info.name.data());
    registry.observe_interfaces([state = state.get()](const auto& interface, auto change) {
        state->gre.changed(interface, change);
        state->ipip.changed(interface, change);
    });
    return register_services(registry, state->gre, state->ipip, sequences);
}

}  // namespace gre
