// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/own_addresses.hpp"

#include <algorithm>
#include <vector>

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

/// What keeps an interface out of a VRF: addresses of its own that cannot be there, and next hops
/// behind it that are addresses of the router there. A router is not its own next hop.
template <class Family>
struct Obstacles {
    std::vector<typename Family::Prefix> addresses;
    std::vector<std::pair<interface::Vrf, typename Family::Prefix>> routes;
    /// With their groups.
    std::vector<std::pair<std::string, typename Family::Address>> members;
    /// Says what the first of them is.
    absl::Status status;
};

template <class Family>
void find_addresses(Router& router, ConfiguredRoutes& routes, interface::Index interface,
                    interface::Vrf vrf, Obstacles<Family>& found) {
    const auto& addresses = *router.network<Family>().addresses;
    for (auto& obstacle : addresses.obstacles(interface, vrf)) {
        found.addresses.push_back(obstacle.prefix);
        found.status.Update(std::move(obstacle.status));
    }
    for (const auto& prefix : addresses.of(interface)) {
        if (Family::is_of_link(prefix.address()) ||
            std::find(found.addresses.begin(), found.addresses.end(), prefix) !=
                found.addresses.end()) {
            continue;
        }
        if (auto status = check_unused(router, routes, interface, vrf, prefix.address());
            !status.ok()) {
            found.addresses.push_back(prefix);
            found.status.Update(std::move(status));
        }
    }
}

template <class Family>
Obstacles<Family> find_obstacles(Router& router, ConfiguredRoutes& routes,
                                 interface::Index interface, interface::Vrf vrf) {
    Obstacles<Family> found;
    find_addresses(router, routes, interface, vrf, found);
    const auto& network = router.network<Family>();
    const auto is_own = [&](auto next_hop) {
        return !Family::is_of_link(next_hop) && network.addresses->owner(next_hop, vrf) != 0;
    };
    const auto refuse = [&](auto next_hop, const std::string& leading) {
        found.status.Update(absl::FailedPreconditionError(fmt::format(
            "{} is an address of this router in VRF '{}', and {} leads to it by interface '{}'; "
            "delete that first",
            next_hop, router.vrfs().name_of(vrf), leading,
            router.interfaces().name_of(interface))));
    };
    for (const auto& route : routes.leading_by<Family>(interface)) {
        if (is_own(route.next_hop)) {
            found.routes.emplace_back(route.vrf, route.prefix);
            refuse(route.next_hop, fmt::format("the route {}", route.prefix));
        }
    }
    for (const std::string& group : network.groups->names()) {
        for (const auto& member : network.groups->members(group)) {
            if (member.interface == interface && is_own(member.next_hop)) {
                found.members.emplace_back(group, member.next_hop);
                refuse(member.next_hop, fmt::format("next-hop group '{}'", group));
            }
        }
    }
    return found;
}

/// Takes out what leads to an address that is the router's own by now.
template <class Family>
void take_next_hops(Router& router, ConfiguredRoutes& routes, interface::Index interface,
                    const Obstacles<Family>& found) {
    for (const auto& [vrf, prefix] : found.routes) {
        routes.remove(vrf, prefix);
    }
    for (const auto& [group, next_hop] : found.members) {
        (void)router.network<Family>().groups->remove_member(group, interface, next_hop);
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
    absl::Status status = find_obstacles<ip4::Family>(router, routes, index, *vrf).status;
    status.Update(find_obstacles<ip6::Family>(router, routes, index, *vrf).status);
    return status.ok() ? router.vrfs().move(index, *vrf) : status;
}

absl::Status reset_vrf(Router& router, ConfiguredRoutes& routes, interface::Index interface) {
    constexpr interface::Vrf to = interface::default_vrf;
    if (router.interfaces().vrf_of(interface) == to) {
        return absl::OkStatus();
    }
    const auto found = find_obstacles<ip4::Family>(router, routes, interface, to);
    const auto found6 = find_obstacles<ip6::Family>(router, routes, interface, to);
    absl::Status status = router.vrfs().move(interface, to, {found.addresses, found6.addresses});
    if (status.ok()) {
        take_next_hops(router, routes, interface, found);
        take_next_hops(router, routes, interface, found6);
    }
    return status;
}

}  // namespace vnet::service
