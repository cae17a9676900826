// SPDX-License-Identifier: Apache-2.0
#include "plugins/policy-routing/service.hpp"
#include "vnet/plugin/registry.hpp"

namespace policy_routing {

namespace {

/// Registers the family's node on its arc, behind what makes its packets' ports known.
template <class Family>
absl::StatusOr<graph::NodeId> add_node(vnet::plugin::Registry& registry,
                                       std::shared_ptr<Policy<Family>> node) {
    const auto id = registry.add_node(std::shared_ptr<const Policy<Family>>(std::move(node)));
    if (!id.ok()) {
        return id;
    }
    for (const char* end : Family::ends) {
        registry.link(Family::node, end);
    }
    if (absl::Status status =
            registry.add_feature(Family::arc, {Family::node, {}, {Family::ports_node}});
        !status.ok()) {
        return status;
    }
    return id;
}

/// Packets that waited for their next hop are sent by the rules of their family again, and not by
/// their destination.
template <class Family, class Neighbors>
void send_again(Neighbors& neighbors, const std::shared_ptr<Policy<Family>>& policy,
                graph::NodeId node, graph::ArcId arc) {
    neighbors.add_chooser([weak = std::weak_ptr(policy), node,
                           arc](graph::Packet& packet) -> std::optional<graph::NodeId> {
        const auto alive = weak.lock();
        if (alive == nullptr || !alive->is_on(packet.meta().rx_interface)) {
            return std::nullopt;
        }
        // It may have begun to wait before there was a rule, and never have met the arc.
        packet.meta().arc = arc;
        return node;
    });
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto ports = router.fragments().ports_slot();
    const auto ip4 = std::make_shared<Ip4Policy>(router.ip4().tables, router.forwarding(), ports);
    const auto ip6 = std::make_shared<Ip6Policy>(router.ip6().tables, router.forwarding(), ports);
    const auto ip4_node = add_node<Ip4>(registry, ip4);
    const auto ip6_node = add_node<Ip6>(registry, ip6);
    for (const auto& node : {ip4_node, ip6_node}) {
        if (!node.ok()) {
            return node.status();
        }
    }
    const auto statements = std::make_shared<Statements>();
    const auto policies = std::make_shared<Policies>(
        router, ip4, ip6, [statements](const std::string& interface, uint32_t number) {
            statements->erase({interface, number});
        });
    registry.keep(policies);
    const auto ip4_arc = registry.find_arc(Ip4::arc);
    const auto ip6_arc = registry.find_arc(Ip6::arc);
    for (const auto& arc : {ip4_arc, ip6_arc}) {
        if (!arc.ok()) {
            return arc.status();
        }
    }
    send_again(*router.ip4().neighbors, ip4, *ip4_node, *ip4_arc);
    send_again(*router.ip6().neighbors, ip6, *ip6_node, *ip6_arc);
    registry.observe_interfaces([policies = policies.get()](const auto& interface, auto change) {
        policies->changed(interface, change);
    });
    return register_service(registry, *policies, statements);
}

}  // namespace policy_routing
