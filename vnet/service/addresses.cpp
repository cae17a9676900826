// SPDX-License-Identifier: Apache-2.0
#include "vnet/proto/ip4.pb.h"
#include "vnet/service/convert.hpp"
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

}  // namespace

absl::Status register_addresses(api::Registry& registry, Router& router) {
    absl::Status status;
    status.Update(registry.add_unary<sluice::InterfaceAddress, sluice::Empty>(
        "sluice.Addresses.Add",
        [&router](const auto& request) { return change(router, &ip4::Addresses::add, request); }));
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
                    sluice::InterfaceAddress& address = all.emplace_back();
                    address.set_interface(router.interfaces().name_of(index));
                    *address.mutable_prefix() = to_api(prefix);
                }
            }
            return api::items(std::move(all));
        }));
    return status;
}

}  // namespace vnet::service
