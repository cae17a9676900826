// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "plugins/cross-connect/connections.hpp"
#include "plugins/cross-connect/cross_connect.pb.h"
#include "vnet/plugin/registry.hpp"
#include "vnet/service/convert.hpp"

namespace cross_connect {

namespace {

namespace proto = sluice::cross_connect;
using vnet::service::done;

std::vector<proto::CrossConnect> messages(const Connections& connections,
                                          const vnet::interface::Table& table) {
    std::vector<proto::CrossConnect> all;
    for (const auto& [first, second] : connections.all()) {
        proto::CrossConnect& message = all.emplace_back();
        message.set_first(table.name_of(first));
        message.set_second(table.name_of(second));
    }
    return all;
}

absl::Status register_service(vnet::plugin::Registry& registry, Connections& connections) {
    auto& table = registry.interfaces();
    registry.add_config([&table, &connections](const api::config::Emit& emit) {
        for (const proto::CrossConnect& message : messages(connections, table)) {
            emit("sluice.cross_connect.CrossConnects.Add", message);
        }
    });
    absl::Status status = registry.add_unary<proto::CrossConnect, sluice::Empty>(
        "sluice.cross_connect.CrossConnects.Add", [&connections](const auto& request) {
            return done(connections.add(request.first(), request.second()));
        });
    status.Update(registry.add_unary<proto::CrossConnect, sluice::Empty>(
        "sluice.cross_connect.CrossConnects.Delete", [&connections](const auto& request) {
            return done(connections.remove(request.first(), request.second()));
        }));
    status.Update(registry.add_list<proto::ListCrossConnectsRequest, proto::CrossConnect>(
        "sluice.cross_connect.CrossConnects.List",
        [&table,
         &connections](const auto&) -> absl::StatusOr<api::ItemSource<proto::CrossConnect>> {
            return api::items(messages(connections, table));
        }));
    return status;
}

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    const auto node = std::make_shared<Connect>(registry.interfaces());
    if (const auto id = registry.add_node(std::shared_ptr<const Connect>(node)); !id.ok()) {
        return id.status();
    }
    if (auto status = registry.add_feature(Connections::arc, Connections::feature());
        !status.ok()) {
        return status;
    }
    const auto connections =
        std::make_shared<Connections>(registry.engine().graph(), registry.interfaces(), *node);
    registry.keep(node);
    registry.keep(connections);
    registry.observe_interfaces(
        [connections = connections.get()](const auto& interface, auto change) {
            connections->changed(interface, change);
        });
    return register_service(registry, *connections);
}

}  // namespace cross_connect
