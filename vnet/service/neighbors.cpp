// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "vnet/proto/ip.pb.h"
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
    return done(with_address(request.address(), [&](auto address) {
        return router.network<decltype(family_of(address))>().neighbors->add_fixed(
            request.interface(), address, *mac);
    }));
}

absl::StatusOr<sluice::Empty> remove(Router& router, const sluice::DeleteNeighborRequest& request) {
    return done(with_address(request.address(), [&](auto address) {
        return router.network<decltype(family_of(address))>().neighbors->remove(request.interface(),
                                                                                address);
    }));
}

absl::StatusOr<api::ItemSource<sluice::Neighbor>> list_neighbors(Router& router) {
    std::vector<sluice::Neighbor> all;
    const auto append = [&](const auto& neighbors) {
        for (const auto& neighbor : neighbors.list()) {
            all.push_back(
                service::describe(neighbor, router.interfaces().name_of(neighbor.interface)));
        }
    };
    append(*router.ip4().neighbors);
    append(*router.ip6().neighbors);
    return api::items(std::move(all));
}

/// Those that the operator set, in order of interface and address.
template <class Family>
void write(Router& router, const api::config::Emit& emit) {
    std::map<std::pair<std::string, typename Family::Address>, wire::MacAddress> fixed;
    for (const auto& neighbor : router.network<Family>().neighbors->list()) {
        if (neighbor.state == neighbor::State::fixed) {
            fixed[{router.interfaces().name_of(neighbor.interface), neighbor.address}] =
                neighbor.mac;
        }
    }
    for (const auto& [where, mac] : fixed) {
        sluice::AddNeighborRequest request;
        request.set_interface(where.first);
        *request.mutable_address() = ip_to_api(where.second);
        *request.mutable_mac() = to_api(mac);
        emit("sluice.Neighbors.Add", request);
    }
}

}  // namespace

absl::Status register_neighbors(api::Registry& registry, Router& router) {
    registry.config().add("neighbors", [&router](const auto& emit) {
        write<ip4::Family>(router, emit);
        write<ip6::Family>(router, emit);
    });
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddNeighborRequest, sluice::Empty>(
        "sluice.Neighbors.Add", [&router](const auto& request) { return add(router, request); }));
    status.Update(registry.add_unary<sluice::DeleteNeighborRequest, sluice::Empty>(
        "sluice.Neighbors.Delete",
        [&router](const auto& request) { return remove(router, request); }));
    status.Update(registry.add_list<sluice::ListNeighborsRequest, sluice::Neighbor>(
        "sluice.Neighbors.List", [&router](const auto&) { return list_neighbors(router); }));
    return status;
}

}  // namespace vnet::service
