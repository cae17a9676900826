// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/input.hpp"
#include "plugins/vlan/interfaces.hpp"
#include "plugins/vlan/service.hpp"
#include "vnet/plugin/registry.hpp"

namespace vlan {

namespace {

/// What lives as long as the plugin, in the order in which it is made.
struct State {
    explicit State(vnet::plugin::Registry& registry)
        : tags(registry.engine().rcu()), output(std::make_shared<Output>(registry.interfaces())) {}

    Tags tags;
    std::shared_ptr<Output> output;
    std::optional<Interfaces> interfaces;
};

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto state = std::make_shared<State>(registry);
    registry.keep(state);
    const auto arc = registry.find_arc("device-input");
    if (!arc.ok()) {
        return arc.status();
    }
    const auto input =
        registry.add_node(std::make_shared<const Input>(registry.interfaces(), state->tags, *arc));
    if (!input.ok()) {
        return input.status();
    }
    const auto output = registry.add_node(std::shared_ptr<const Output>(state->output));
    if (!output.ok()) {
        return output.status();
    }
    for (const EtherType type : {EtherType::vlan, EtherType::qinq}) {
        if (auto status = registry.add_ether_type(type, Input::info.name.data(),
                                                  vnet::ethernet::Destination::any);
            !status.ok()) {
            return status;
        }
    }
    if (auto status = registry.add_interface_kind(Interfaces::kind, Output::info.name.data());
        !status.ok()) {
        return status;
    }
    state->interfaces.emplace(registry.interfaces(), state->tags, *state->output, *output);
    registry.observe_interfaces(
        [interfaces = &*state->interfaces](const auto& interface, auto change) {
            interfaces->changed(interface, change);
        });
    return register_service(registry, *state->interfaces);
}

}  // namespace vlan
