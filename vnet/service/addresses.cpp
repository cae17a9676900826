// SPDX-License-Identifier: Apache-2.0
#include "vnet/proto/ip.pb.h"
#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"
#include "vnet/service/interface_statements.hpp"
#include "vnet/service/own_addresses.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

absl::Status add(Router& router, ConfiguredRoutes& routes,
                 const sluice::InterfaceAddress& request) {
    return with_prefix(request.prefix(), [&](const auto& prefix) -> absl::Status {
        using Family = decltype(family_of(prefix));
        const auto interface = router.interfaces().find(request.interface());
        if (!interface.ok()) {
            return interface.status();
        }
        if (auto used = check_unused(router, routes, (*interface)->index, (*interface)->vrf,
                                     prefix.address());
            !used.ok()) {
            return used;
        }
        return router.network<Family>().addresses->add(request.interface(), prefix);
    });
}

/// Why an address that was not asked for cannot be taken away, and what can be done.
template <class Prefix>
absl::Status refuse_learned(const std::string& interface, const Prefix& prefix) {
    using Family = decltype(family_of(prefix));
    return absl::FailedPreconditionError(
        Family::is_of_link(prefix.address())
            ? fmt::format("{} belongs to interface '{}' while it has IPv6; add another link-local "
                          "address in its place, or delete its IPv6 addresses",
                          prefix, interface)
            : fmt::format("{} of interface '{}' was not configured but found out; take back what "
                          "finds it out, a DHCP client for example",
                          prefix, interface));
}

absl::Status remove(Router& router, const sluice::InterfaceAddress& request) {
    return with_prefix(request.prefix(), [&](const auto& prefix) -> absl::Status {
        using Family = decltype(family_of(prefix));
        auto& addresses = *router.network<Family>().addresses;
        const auto interface = router.interfaces().find(request.interface());
        if (interface.ok() && addresses.is_learned((*interface)->index, prefix.address())) {
            return refuse_learned(request.interface(), prefix);
        }
        return addresses.remove(request.interface(), prefix);
    });
}

std::string_view state_of(Router& router, interface::Index index, wire::Ip6Address address) {
    if (!router.ip6().addresses->is_tentative(index, address)) {
        return "used";
    }
    return router.ip6().neighbors->is_duplicate(index, address) ? "duplicate" : "tentative";
}
std::string_view state_of(Router&, interface::Index, wire::Ip4Address) {
    return "used";
}

template <class Family>
void append(Router& router, std::vector<sluice::OwnAddress>& all) {
    const auto& addresses = *router.network<Family>().addresses;
    for (const auto& [index, prefixes] : addresses.all()) {
        for (const auto& prefix : prefixes) {
            sluice::OwnAddress& message = all.emplace_back();
            message.set_interface(router.interfaces().name_of(index));
            *message.mutable_prefix() = ip_to_api(prefix);
            message.set_vrf(router.vrfs().name_of(router.interfaces().vrf_of(index)));
            message.set_state(std::string(state_of(router, index, prefix.address())));
            message.set_automatic(addresses.is_learned(index, prefix.address()));
        }
    }
}

template <class Family>
void write(Router& router, const std::string& name, interface::Index index,
           const api::config::Emit& emit) {
    const auto& addresses = *router.network<Family>().addresses;
    // In the order in which they were given: the first is the one that speaks for the interface.
    for (const auto& prefix : addresses.of(index)) {
        if (!addresses.is_learned(index, prefix.address())) {
            sluice::InterfaceAddress address;
            address.set_interface(name);
            *address.mutable_prefix() = ip_to_api(prefix);
            emit("sluice.Addresses.Add", address);
        }
    }
}

void write(Router& router, const api::config::Emit& emit) {
    for (const auto& [name, index] : by_name(router.interfaces())) {
        write<ip4::Family>(router, name, index, emit);
        write<ip6::Family>(router, name, index, emit);
    }
}

}  // namespace

absl::Status register_addresses(api::Registry& registry, Router& router,
                                std::shared_ptr<ConfiguredRoutes> configured) {
    registry.config().add("addresses", [&router](const auto& emit) { write(router, emit); });
    absl::Status status;
    status.Update(registry.add_unary<sluice::InterfaceAddress, sluice::Empty>(
        "sluice.Addresses.Add", [&router, configured](const auto& request) {
            return done(add(router, *configured, request));
        }));
    status.Update(registry.add_unary<sluice::InterfaceAddress, sluice::Empty>(
        "sluice.Addresses.Delete",
        [&router](const auto& request) { return done(remove(router, request)); }));
    status.Update(registry.add_list<sluice::ListAddressesRequest, sluice::OwnAddress>(
        "sluice.Addresses.List",
        [&router](const auto&) -> absl::StatusOr<api::ItemSource<sluice::OwnAddress>> {
            std::vector<sluice::OwnAddress> all;
            append<ip4::Family>(router, all);
            append<ip6::Family>(router, all);
            return api::items(std::move(all));
        }));
    return status;
}

}  // namespace vnet::service
