// SPDX-License-Identifier: Apache-2.0
#include "graph/random_number.hpp"
#include "plugins/qos/service.hpp"
#include "vnet/plugin/registry.hpp"

namespace qos {

namespace {

/// Registers a node on its arc; on the way in behind what makes its packets' ports known.
template <class Family, Side side>
absl::Status add_node(vnet::plugin::Registry& registry,
                      const std::shared_ptr<Node<Family, side>>& node) {
    absl::Status status =
        registry.add_node(std::shared_ptr<const Node<Family, side>>(node)).status();
    graph::FeatureSpec feature{std::string(Node<Family, side>::info.name), {}, {}};
    if (side == Side::input) {
        feature.after.emplace_back(Family::ports_node);
    }
    status.Update(registry.add_feature(Node<Family, side>::arc, std::move(feature)));
    return status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto ports = router.fragments().ports_slot();
    const uint64_t seed = graph::random_number();
    const Interfaces::Nodes nodes{
        std::make_shared<Ip4Input>(ports, seed), std::make_shared<Ip4Output>(ports, seed),
        std::make_shared<Ip6Input>(ports, seed), std::make_shared<Ip6Output>(ports, seed)};
    absl::Status status = add_node(registry, nodes.ip4_input);
    status.Update(add_node(registry, nodes.ip4_output));
    status.Update(add_node(registry, nodes.ip6_input));
    status.Update(add_node(registry, nodes.ip6_output));
    if (!status.ok()) {
        return status;
    }
    const auto statements = std::make_shared<Statements>();
    const auto interfaces = std::make_shared<Interfaces>(
        router, nodes,
        Interfaces::Gone{[statements](const std::string& name) { statements->forget(name); },
                         [statements](const std::string& name, Side side, uint32_t number) {
                             statements->rules.erase({name, side, number});
                         }});
    registry.keep(interfaces);
    registry.observe_interfaces(
        [interfaces = interfaces.get()](const auto& interface, auto change) {
            interfaces->changed(interface, change);
        });
    status = register_service(registry, *interfaces, statements);
    status.Update(register_metrics(registry, *interfaces, statements));
    return status;
}

}  // namespace qos
