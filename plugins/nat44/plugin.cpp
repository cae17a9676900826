// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/hairpin.hpp"
#include "plugins/nat44/in2out.hpp"
#include "plugins/nat44/log_service.hpp"
#include "plugins/nat44/metrics.hpp"
#include "plugins/nat44/out2in.hpp"
#include "plugins/nat44/pressure.hpp"
#include "plugins/nat44/service.hpp"

namespace nat44 {

namespace {

/// The sessions of the translation: as long as they may be, it is their owner and tells where
/// packets belong.
class Ownership {
public:
    static absl::StatusOr<std::shared_ptr<Ownership>> take(vnet::flow::Flows& flows,
                                                           Translators& translators) {
        const auto id = flows.add_owner(translators);
        if (!id.ok()) {
            return id.status();
        }
        translators.set_owner(*id);
        flows.tables().set_steering(&translators);
        return std::make_shared<Ownership>(flows, *id);
    }
    Ownership(vnet::flow::Flows& flows, vnet::flow::OwnerId id) : flows_(flows), id_(id) {}
    Ownership(const Ownership&) = delete;
    Ownership& operator=(const Ownership&) = delete;
    ~Ownership() {
        flows_.tables().set_steering(nullptr);
        flows_.remove_owner(id_);
    }

private:
    vnet::flow::Flows& flows_;
    const vnet::flow::OwnerId id_;
};

/// Registers the nodes on their arcs, and where they lead beside.
absl::Status add_nodes(vnet::plugin::Registry& registry, const Translators& translators) {
    vnet::Router& router = registry.router();
    const graph::NodeId lookup_vrf = registry.engine().graph().find("ip4-lookup-vrf");
    const TellSender::Parts to_sender{router.icmp_error_slot(),
                                      registry.engine().graph().find("icmp4-error"),
                                      unsigned(registry.engine().workers().size())};
    absl::Status status =
        registry.add_node(std::make_shared<const In2Out>(translators, to_sender)).status();
    status.Update(
        registry
            .add_node(std::make_shared<const Out2In>(translators, router.forwarding(), lookup_vrf))
            .status());
    status.Update(registry
                      .add_node(std::make_shared<const Hairpin>(translators, router.forwarding(),
                                                                lookup_vrf, to_sender))
                      .status());
    registry.link("nat44-out2in", "ip4-lookup-vrf");
    registry.link("nat44-hairpin", "ip4-lookup-vrf");
    registry.link("nat44-in2out", "icmp4-error");
    registry.link("nat44-hairpin", "icmp4-error");
    status.Update(registry.add_feature("ip4-output", {"nat44-in2out", {}, {}}));
    status.Update(registry.add_feature("ip4-unicast", {"nat44-out2in", {}, {"ip4-flow"}}));
    status.Update(registry.add_feature("ip4-local", {"nat44-hairpin", {}, {}}));
    return status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto log = std::make_shared<Log>(
        registry.engine().control(), unsigned(registry.engine().workers().size()), Log::Options());
    registry.keep(log);
    const auto translators = std::make_shared<Translators>(Translators::Parts{
        registry.engine(), router.flows().tables(), registry.interfaces(), *log});
    registry.keep(translators);
    const auto nat = std::make_shared<Nat>(router, *translators);
    registry.keep(nat);
    // It goes first: the last sessions give back ports of addresses that are still there.
    const auto ownership = Ownership::take(router.flows(), *translators);
    if (!ownership.ok()) {
        return ownership.status();
    }
    registry.keep(*ownership);
    registry.observe_interfaces([nat = nat.get()](const auto& interface, auto change) {
        if (change == vnet::interface::Change::removing) {
            nat->removing(interface.index);
        }
    });
    if (absl::Status status = add_nodes(registry, *translators); !status.ok()) {
        return status;
    }
    absl::Status status = register_service(registry, *nat);
    status.Update(register_log_service(registry, *nat, log));
    status.Update(add_metrics(registry, *nat));
    registry.keep(std::make_shared<Pressure>(registry.engine().control(), router.events(), *nat));
    return status;
}

}  // namespace nat44
