// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/bridges.hpp"
#include "plugins/bridge/flood.hpp"
#include "plugins/bridge/input.hpp"
#include "plugins/bridge/output.hpp"
#include "plugins/bridge/service.hpp"
#include "plugins/bridge/suppress.hpp"
#include "vnet/plugin/registry.hpp"

namespace bridge {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto shared = std::make_shared<Shared>(registry.engine());
    registry.keep(shared);
    const auto arc = registry.find_arc(Bridges::arc);
    if (!arc.ok()) {
        return arc.status();
    }
    vnet::interface::Table& table = registry.interfaces();
    absl::Status status =
        registry.add_node(std::make_shared<const Input>(table, *shared, *arc)).status();
    status.Update(
        registry.add_node(std::make_shared<const Suppress>(table, *shared, *arc)).status());
    status.Update(
        registry.add_node(std::make_shared<const Flood>(table, shared->ports, *arc)).status());
    const auto output = registry.add_node(std::make_shared<const Output>(table, *shared));
    status.Update(output.status());
    // Behind what spreads a queue's packets over workers.
    status.Update(registry.add_feature(Bridges::arc,
                                       {std::string(Input::info.name), {}, {"worker-handoff"}}));
    status.Update(registry.add_interface_kind(Bridges::kind, std::string(Output::info.name)));
    if (!status.ok()) {
        return status;
    }
    const auto bridges = std::make_shared<Bridges>(registry.engine(), table, *shared, *output);
    registry.keep(bridges);
    registry.observe_interfaces([bridges = bridges.get()](const auto& interface, auto change) {
        bridges->changed(interface, change);
    });
    return register_service(registry, *bridges);
}

}  // namespace bridge
