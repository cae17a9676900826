// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "vnet/proto/ip4.pb.h"
#include "vnet/service/convert.hpp"
#include "vnet/service/describe.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

absl::StatusOr<sluice::Empty> add(Router& router, const sluice::AddNeighborRequest& request) {
    auto mac = from_api(request.mac());
    if (!mac.ok()) {
        return mac.status();
    }
    if (auto status =
            router.neighbors().add_fixed(request.interface(), from_api(request.address()), *mac);
        !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> remove(Router& router, const sluice::DeleteNeighborRequest& request) {
    if (auto status = router.neighbors().remove(request.interface(), from_api(request.address()));
        !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

absl::StatusOr<api::ItemSource<sluice::Neighbor>> list(Router& router) {
    std::vector<sluice::Neighbor> all;
    for (const neighbor::Table::Neighbor& neighbor : router.neighbors().list()) {
        all.push_back(service::describe(neighbor, router.interfaces().name_of(neighbor.interface)));
    }
    return api::items(std::move(all));
}

}  // namespace

absl::Status register_neighbors(api::Registry& registry, Router& router) {
    registry.config().add("neighbors", [&router](const auto& emit) {
        std::map<std::pair<std::string, wire::Ip4Address>, wire::MacAddress> fixed;
        for (const neighbor::Table::Neighbor& neighbor : router.neighbors().list()) {
            if (neighbor.state == neighbor::State::fixed) {
                fixed[{router.interfaces().name_of(neighbor.interface), neighbor.address}] =
                    neighbor.mac;
            }
        }
        for (const auto& [where, mac] : fixed) {
            sluice::AddNeighborRequest request;
            request.set_interface(where.first);
            *request.mutable_address() = to_api(where.second);
            *request.mutable_mac() = to_api(mac);
            emit("sluice.Neighbors.Add", request);
        }
    });
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddNeighborRequest, sluice::Empty>(
        "sluice.Neighbors.Add", [&router](const auto& request) { return add(router, request); }));
    status.Update(registry.add_unary<sluice::DeleteNeighborRequest, sluice::Empty>(
        "sluice.Neighbors.Delete",
        [&router](const auto& request) { return remove(router, request); }));
    status.Update(registry.add_list<sluice::ListNeighborsRequest, sluice::Neighbor>(
        "sluice.Neighbors.List", [&router](const auto&) { return list(router); }));
    return status;
}

}  // namespace vnet::service
