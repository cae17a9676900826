// SPDX-License-Identifier: Apache-2.0
#include "guard.hpp"
#include "service.hpp"
#include "vnet/plugin/registry.hpp"

namespace ttl_guard {

/// All that the plugin brings, in one place. Whatever fails, its sentence goes to the operator and
/// the host takes back what was registered before.
absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto note = registry.add_slot<Note>("note");
    if (!note.ok()) {
        return note.status();
    }
    const auto floors = std::make_shared<Floors>(registry.engine().contexts());
    registry.keep(floors);
    const auto node = registry.add_node(std::make_shared<const Guard>(*floors, *note));
    if (!node.ok()) {
        return node.status();
    }
    // Off for every interface until `set ttl-guard` turns it on. Where another feature must see
    // packets first, or only later, its node is named in `after` or `before`.
    if (auto status = registry.add_feature(
            "ip4-unicast", {.node = std::string(Guard::info.name), .before = {}, .after = {}});
        !status.ok()) {
        return status;
    }
    registry.observe_interfaces(
        [&registry, floors = floors.get()](const vnet::interface::Interface& interface,
                                           vnet::interface::Change change) {
            if (change == vnet::interface::Change::removing) {
                forget(registry, *floors, interface.index);
            }
        });
    return register_service(registry, *floors);
}

}  // namespace ttl_guard
