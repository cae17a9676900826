// SPDX-License-Identifier: Apache-2.0
#include <rte_cycles.h>

#include "plugins/dhcp-client/clients.hpp"
#include "plugins/dhcp-client/nodes.hpp"
#include "plugins/dhcp-client/service.hpp"
#include "vnet/plugin/registry.hpp"

namespace dhcp_client {

namespace {

/// Messages of servers: a few are all that a client ever waits for.
constexpr uint32_t messages_per_second = 200;
constexpr unsigned waiting_messages = 64;

/// What lives as long as the plugin, in the order in which it is made.
struct Whole {
    explicit Whole(graph::Control& control)
        : limit(rte_get_tsc_hz()),
          box("dhcp-client", waiting_messages, control,
              [this](std::span<graph::Packet*> packets) { clients->receive(packets); }) {
        limit.set(messages_per_second);
    }

    Watch watch;
    vnet::punt::RateLimit limit;
    std::optional<Clients> clients;
    graph::Mailbox box;
};

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto state = std::make_shared<Whole>(registry.engine().control());
    registry.keep(state);
    const auto input = registry.add_node(std::make_shared<const Input>(state->box, state->limit));
    absl::Status status = input.status();
    status.Update(
        registry.add_node(std::make_shared<const Listen>(registry.interfaces(), state->watch))
            .status());
    // Behind what spreads a queue's packets over workers.
    status.Update(registry.add_feature("device-input",
                                       {std::string(Listen::info.name), {}, {"worker-handoff"}}));
    if (!status.ok()) {
        return status;
    }
    registry.link("ip4-deliver", std::string(Input::info.name));
    const graph::Graph& graph = registry.engine().graph();
    state->clients.emplace(
        router, state->watch,
        Clients::Nodes{graph.find("interface-output"), graph.find("ip4-lookup"), *input});
    registry.observe_interfaces([clients = &*state->clients](const auto& interface, auto change) {
        clients->changed(interface, change);
    });
    return register_service(registry, *state->clients);
}

}  // namespace dhcp_client
