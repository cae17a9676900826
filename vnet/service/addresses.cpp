// SPDX-License-Identifier: Apache-2.0
#include "vnet/proto/ip4.pb.h"
#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/interface_statements.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

using Change = absl::Status (ip4::Addresses::*)(const std::string&, const wire::Ip4Prefix&);

absl::StatusOr<sluice::Empty> change(Router& router, Change how,
                                     const sluice::InterfaceAddress& request) {
    auto prefix = from_api(request.prefix());
    if (!prefix.ok()) {
        return prefix.status();
    }
    if (auto status = (router.addresses().*how)(request.interface(), *prefix); !status.ok()) {
        return status;
    }
    return sluice::Empty();
}

sluice::InterfaceAddress address_message(const std::string& interface,
                                         const wire::Ip4Prefix& prefix) {
    sluice::InterfaceAddress address;
    address.set_interface(interface);
    *address.mutable_prefix() = to_api(prefix);
    return address;
}

/// A router is not its own neighbour or next hop: refused in whatever order it is said.
absl::Status check_unused(Router& router, ConfiguredRoutes& routes, wire::Ip4Address address) {
    if (const auto prefix = routes.leading_to(address)) {
        return absl::FailedPreconditionError(
            fmt::format("{} is the next hop of the route {}; delete that first", address, *prefix));
    }
    for (const neighbor::Table::Neighbor& neighbor : router.neighbors().list()) {
        if (neighbor.state == neighbor::State::fixed && neighbor.address == address) {
            return absl::FailedPreconditionError(
                fmt::format("{} is a neighbour of interface '{}'; delete that first", address,
                            router.interfaces().name_of(neighbor.interface)));
        }
    }
    return absl::OkStatus();
}

}  // namespace

absl::Status register_addresses(api::Registry& registry, Router& router,
                                std::shared_ptr<ConfiguredRoutes> configured) {
    registry.config().add("addresses", [&router](const auto& emit) {
        for (const auto& [name, index] : by_name(router.interfaces())) {
            for (const wire::Ip4Prefix& prefix : router.addresses().of(index)) {
                emit("sluice.Addresses.Add", address_message(name, prefix));
            }
        }
    });
    absl::Status status;
    status.Update(registry.add_unary<sluice::InterfaceAddress, sluice::Empty>(
        "sluice.Addresses.Add",
        [&router, configured](const auto& request) -> absl::StatusOr<sluice::Empty> {
            const wire::Ip4Address address(request.prefix().address());
            if (auto used = check_unused(router, *configured, address); !used.ok()) {
                return used;
            }
            return change(router, &ip4::Addresses::add, request);
        }));
    status.Update(registry.add_unary<sluice::InterfaceAddress, sluice::Empty>(
        "sluice.Addresses.Delete", [&router](const auto& request) {
            return change(router, &ip4::Addresses::remove, request);
        }));
    status.Update(registry.add_list<sluice::ListAddressesRequest, sluice::InterfaceAddress>(
        "sluice.Addresses.List",
        [&router](const auto&) -> absl::StatusOr<api::ItemSource<sluice::InterfaceAddress>> {
            std::vector<sluice::InterfaceAddress> all;
            for (const auto& [index, prefixes] : router.addresses().all()) {
                for (const wire::Ip4Prefix& prefix : prefixes) {
                    all.push_back(address_message(router.interfaces().name_of(index), prefix));
                }
            }
            return api::items(std::move(all));
        }));
    return status;
}

}  // namespace vnet::service
