// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/generators.hpp"
#include "plugins/pg/interfaces.hpp"
#include "plugins/pg/service.hpp"
#include "plugins/pg/tx.hpp"
#include "vnet/plugin/registry.hpp"

namespace pg {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto path = registry.add_input("pg-input");
    if (!path.ok()) {
        return path.status();
    }
    const auto sent_at = registry.add_slot<uint64_t>("sent-at");
    if (!sent_at.ok()) {
        return sent_at.status();
    }
    auto tx = std::make_shared<Tx>(registry.interfaces());
    const auto tx_node = registry.add_node(std::shared_ptr<const Tx>(tx));
    if (!tx_node.ok()) {
        return tx_node.status();
    }
    if (auto status = registry.add_interface_kind(Interfaces::kind, Tx::info.name.data());
        !status.ok()) {
        return status;
    }
    const auto interfaces = std::make_shared<Interfaces>(registry.engine(), registry.interfaces(),
                                                         tx, *tx_node, *sent_at);
    const auto generators =
        std::make_shared<Generators>(registry.engine(), registry.interfaces(), *interfaces, *path);
    registry.keep(interfaces);
    registry.keep(generators);
    registry.observe_interfaces(
        [generators = generators.get()](const auto& interface, vnet::interface::Change change) {
            if (change == vnet::interface::Change::up) {
                generators->interface_up(interface.index);
            }
        });
    return register_service(registry, *interfaces, *generators);
}

}  // namespace pg
