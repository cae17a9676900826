// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/own_addresses.hpp"

#include "vnet/service/configured_routes.hpp"
#include "vnet/service/convert.hpp"

namespace vnet::service {

template <class Address>
absl::Status check_unused(Router& router, ConfiguredRoutes& routes, interface::Index interface,
                          interface::Vrf vrf, Address address) {
    using Family = decltype(family_of(address));
    // There may be a link-local address on one link and the same on another.
    const auto is_same = [&](interface::Index other, interface::Vrf in) {
        return Family::is_of_link(address) ? other == interface : in == vrf;
    };
    if (const auto route = routes.leading_to(address, is_same)) {
        return absl::FailedPreconditionError(fmt::format(
            "{} is the next hop of the route {}; delete that first", address, route->prefix));
    }
    if (const auto group = router.network<Family>().groups->leading_to(address, is_same)) {
        return absl::FailedPreconditionError(fmt::format(
            "{} is a member of next-hop group '{}'; take it out first", address, *group));
    }
    for (const auto& neighbor : router.network<Family>().neighbors->list()) {
        if (neighbor.state == neighbor::State::fixed && neighbor.address == address &&
            is_same(neighbor.interface, router.interfaces().vrf_of(neighbor.interface))) {
            return absl::FailedPreconditionError(
                fmt::format("{} is a neighbour of interface '{}'; delete that first", address,
                            router.interfaces().name_of(neighbor.interface)));
        }
    }
    return absl::OkStatus();
}
template absl::Status check_unused(Router&, ConfiguredRoutes&, interface::Index, interface::Vrf,
                                   wire::Ip4Address);
template absl::Status check_unused(Router&, ConfiguredRoutes&, interface::Index, interface::Vrf,
                                   wire::Ip6Address);

namespace {

/// The first address of a family that keeps an interface out of a VRF, and why.
template <class Family>
std::optional<typename fib::Addresses<Family>::Obstacle> find_obstacle(Router& router,
                                                                       ConfiguredRoutes& routes,
                                                                       interface::Index interface,
                                                                       interface::Vrf vrf) {
    const auto& addresses = *router.network<Family>().addresses;
    auto obstacle = addresses.obstacle(interface, vrf);
    for (const auto& prefix : addresses.of(interface)) {
        if (obstacle) {
            break;
        }
        if (auto status = check_unused(router, routes, interface, vrf, prefix.address());
            !status.ok() && !Family::is_of_link(prefix.address())) {
            obstacle = {prefix, std::move(status)};
        }
    }
    return obstacle;
}

template <class Family>
absl::Status check_way(Router& router, ConfiguredRoutes& routes, interface::Index interface,
                       interface::Vrf vrf) {
    const auto obstacle = find_obstacle<Family>(router, routes, interface, vrf);
    return obstacle ? obstacle->status : absl::OkStatus();
}

template <class Family>
void clear_way(Router& router, ConfiguredRoutes& routes, interface::Index interface,
               interface::Vrf vrf) {
    const std::string name = router.interfaces().name_of(interface);
    while (const auto obstacle = find_obstacle<Family>(router, routes, interface, vrf)) {
        if (!router.network<Family>().addresses->remove(name, obstacle->prefix).ok()) {
            return;
        }
    }
}

}  // namespace

absl::Status set_vrf(Router& router, ConfiguredRoutes& routes, const std::string& name,
                     const std::string& vrf_name) {
    const auto interface = router.interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const auto vrf = router.vrfs().find(vrf_name);
    if (!vrf.ok()) {
        return vrf.status();
    }
    const interface::Index index = (*interface)->index;
    if ((*interface)->vrf == *vrf) {
        return absl::OkStatus();
    }
    absl::Status status = check_way<ip4::Family>(router, routes, index, *vrf);
    status.Update(check_way<ip6::Family>(router, routes, index, *vrf));
    return status.ok() ? router.vrfs().move(index, *vrf) : status;
}

absl::Status reset_vrf(Router& router, ConfiguredRoutes& routes, interface::Index interface) {
    if (router.interfaces().vrf_of(interface) == interface::default_vrf) {
        return absl::OkStatus();
    }
    clear_way<ip4::Family>(router, routes, interface, interface::default_vrf);
    clear_way<ip6::Family>(router, routes, interface, interface::default_vrf);
    return router.vrfs().move(interface, interface::default_vrf);
}

}  // namespace vnet::service
