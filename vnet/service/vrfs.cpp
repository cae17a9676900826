// SPDX-License-Identifier: Apache-2.0
#include "vnet/proto/vrf.pb.h"
#include "vnet/service/convert.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

sluice::Vrf describe_vrf(Router& router, interface::Vrf vrf, const std::string& name) {
    sluice::Vrf message;
    message.set_name(name);
    for (const interface::Index index : router.vrfs().interfaces_of(vrf)) {
        message.add_interfaces(router.interfaces().name_of(index));
    }
    message.set_ip4_routes(router.ip4().fibs->of(vrf).size());
    message.set_ip6_routes(router.ip6().fibs->of(vrf).size());
    message.set_number(vrf);
    return message;
}

/// In order of name: the order of a configuration, which does not depend on what was there before.
void write_vrfs(Router& router, const api::config::Emit& emit) {
    std::map<std::string, interface::Vrf> by_name;
    for (const auto& [vrf, name] : router.vrfs().all()) {
        by_name.emplace(name, vrf);
    }
    by_name.erase(std::string(vrf::Vrfs::default_name));
    for (const auto& [name, vrf] : by_name) {
        sluice::AddVrfRequest request;
        request.set_name(name);
        emit("sluice.Vrfs.Add", request);
    }
}

}  // namespace

absl::Status register_vrfs(api::Registry& registry, Router& router) {
    registry.config().add("vrfs", [&router](const auto& emit) { write_vrfs(router, emit); });
    absl::Status status;
    status.Update(registry.add_unary<sluice::AddVrfRequest, sluice::Empty>(
        "sluice.Vrfs.Add", [&router](const auto& request) {
            return done(router.vrfs().add(request.name()).status());
        }));
    status.Update(registry.add_unary<sluice::DeleteVrfRequest, sluice::Empty>(
        "sluice.Vrfs.Delete",
        [&router](const auto& request) { return done(router.vrfs().remove(request.name())); }));
    status.Update(registry.add_list<sluice::ListVrfsRequest, sluice::Vrf>(
        "sluice.Vrfs.List", [&router](const auto&) -> absl::StatusOr<api::ItemSource<sluice::Vrf>> {
            std::vector<sluice::Vrf> all;
            for (const auto& [vrf, name] : router.vrfs().all()) {
                all.push_back(describe_vrf(router, vrf, name));
            }
            return api::items(std::move(all));
        }));
    return status;
}

}  // namespace vnet::service
