// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/configured_routes.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "vnet/service/convert.hpp"

namespace vnet::service {

absl::StatusOr<interface::Vrf> read_vrf(Router& router, bool given, const std::string& name) {
    return given ? router.vrfs().find(name) : interface::default_vrf;
}
namespace {
template <class Family>
absl::StatusOr<fib::Via<typename Family::Address>> via_group(Router& router, interface::Vrf vrf,
                                                             const sluice::ConfiguredRoute& route) {
    if (route.has_next_hop() || route.has_interface()) {
        return absl::InvalidArgumentError(
            "a route to a next-hop group has neither next hop nor interface of its own");
    }
    const auto& groups = *router.network<Family>().groups;
    const fib::GroupIndex group = groups.find(route.group());
    if (group == 0) {
        return absl::NotFoundError(fmt::format("there is no {} next-hop group '{}'; add it first",
                                               Family::name, route.group()));
    }
    // Or its packets would leave by the networks of another VRF, and nobody had said so.
    if (const interface::Vrf of = groups.vrf(route.group()); of != vrf) {
        return absl::FailedPreconditionError(fmt::format(
            "next-hop group '{}' is of VRF '{}' and the route of '{}'; give a group of the same "
            "VRF, or look up in VRF '{}'",
            route.group(), router.vrfs().name_of(of), router.vrfs().name_of(vrf),
            router.vrfs().name_of(of)));
    }
    return fib::Via<typename Family::Address>::to_group(group);
}
}  // namespace

template <class Family>
absl::StatusOr<fib::Via<typename Family::Address>> read_via(Router& router, interface::Vrf vrf,
                                                            const sluice::ConfiguredRoute& route) {
    using Via = fib::Via<typename Family::Address>;
    Via via;
    switch (route.verdict()) {
        case sluice::ROUTE_VERDICT_BLACKHOLE:
            via.kind = fib::ViaKind::blackhole;
            break;
        case sluice::ROUTE_VERDICT_PROHIBIT:
            via.kind = fib::ViaKind::prohibit;
            break;
        case sluice::ROUTE_VERDICT_UNREACHABLE:
            via.kind = fib::ViaKind::unreachable;
            break;
        case sluice::ROUTE_VERDICT_FORWARD:
            break;
        default:
            return absl::InvalidArgumentError(fmt::format(
                "{} is not a verdict; it is forward, blackhole, prohibit or unreachable",
                int(route.verdict())));
    }
    if (via.kind != fib::ViaKind::next_hop || route.has_to_vrf()) {
        if (route.has_next_hop() || route.has_interface() || route.has_group() ||
            (via.kind != fib::ViaKind::next_hop && route.has_to_vrf())) {
            return absl::InvalidArgumentError(
                route.has_to_vrf() ? "a route that looks up in another VRF has no verdict, next "
                                     "hop, interface or group"
                                   : fmt::format("a {} route has neither next hop, interface nor "
                                                 "group",
                                                 fib::name(via.kind)));
        }
        if (route.has_to_vrf()) {
            const auto to = router.vrfs().find(route.to_vrf());
            return to.ok() ? absl::StatusOr<Via>(Via::look_up(*to)) : to.status();
        }
        return via;
    }
    if (route.has_group()) {
        return via_group<Family>(router, vrf, route);
    }
    if (!route.has_next_hop()) {
        return absl::InvalidArgumentError(
            "the route has no next hop; give one, a group, blackhole, prohibit or unreachable, or "
            "a VRF to look up in");
    }
    const absl::Status status = with_address(route.next_hop(), [&](auto address) -> absl::Status {
        if constexpr (std::is_same_v<decltype(address), typename Family::Address>) {
            via.next_hop = address;
            return absl::OkStatus();
        } else {
            return absl::InvalidArgumentError(
                fmt::format("{} cannot be the next hop of an {} route; give an {} address", address,
                            Family::name, Family::name));
        }
    });
    if (!status.ok()) {
        return status;
    }
    if (!via.next_hop.valid_source()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a next hop; give a router's unicast address", via.next_hop));
    }
    if (route.has_interface()) {
        auto interface = router.interfaces().find(route.interface());
        if (!interface.ok()) {
            return interface.status();
        }
        // Its network may come later, or be gone for a while: a route outlives the address.
        via.interface = (*interface)->index;
        vrf = (*interface)->vrf;
    }
    const auto& addresses = *router.network<Family>().addresses;
    if (Family::is_of_link(via.next_hop) ? addresses.owner_on(via.interface, via.next_hop)
                                         : addresses.owner(via.next_hop, vrf) != 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} is an address of this router; give another router's", via.next_hop));
    }
    return via;
}

template <class Family>
absl::Status add_route(Router& router, interface::Vrf vrf, fib::RouteSource source,
                       const typename Family::Prefix& prefix, const sluice::ConfiguredRoute& route,
                       const fib::Via<typename Family::Address>& via) {
    std::optional<uint8_t> preference;
    if (route.has_preference()) {
        if (route.preference() > 255) {
            return absl::OutOfRangeError(
                fmt::format("preference {} is out of range; give 0 to 255", route.preference()));
        }
        preference = uint8_t(route.preference());
    }
    if (Family::is_of_link(prefix.address()) && prefix.length() > 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} is on every link, and has no route; each link has its own", prefix));
    }
    return router.network<Family>().fibs->of(vrf).add(prefix, source, via, preference);
}

template <class Family>
absl::Status remove_route(Router& router, interface::Vrf vrf, fib::RouteSource source,
                          const typename Family::Prefix& prefix) {
    auto& fib = router.network<Family>().fibs->of(vrf);
    absl::Status status = fib.remove(prefix, source);
    if (absl::IsNotFound(status) && source == fib::RouteSource::configured &&
        fib.find(prefix, fib::RouteSource::loaded)) {
        return absl::NotFoundError(
            fmt::format("the route {} was loaded by a controller, which alone deletes it; a "
                        "configured one would come before it",
                        prefix));
    }
    return status;
}

template absl::StatusOr<ip4::Via> read_via<ip4::Family>(Router&, interface::Vrf,
                                                        const sluice::ConfiguredRoute&);
template absl::StatusOr<ip6::Via> read_via<ip6::Family>(Router&, interface::Vrf,
                                                        const sluice::ConfiguredRoute&);
template absl::Status add_route<ip4::Family>(Router&, interface::Vrf, fib::RouteSource,
                                             const wire::Ip4Prefix&, const sluice::ConfiguredRoute&,
                                             const ip4::Via&);
template absl::Status add_route<ip6::Family>(Router&, interface::Vrf, fib::RouteSource,
                                             const wire::Ip6Prefix&, const sluice::ConfiguredRoute&,
                                             const ip6::Via&);
template absl::Status remove_route<ip4::Family>(Router&, interface::Vrf, fib::RouteSource,
                                                const wire::Ip4Prefix&);
template absl::Status remove_route<ip6::Family>(Router&, interface::Vrf, fib::RouteSource,
                                                const wire::Ip6Prefix&);

absl::Status ConfiguredRoutes::add(const sluice::ConfiguredRoute& route) {
    const auto vrf = read_vrf(router_, route.has_vrf(), route.vrf());
    if (!vrf.ok()) {
        return vrf.status();
    }
    return with_prefix(route.prefix(), [&](const auto& prefix) -> absl::Status {
        using Family = decltype(family_of(prefix));
        auto via = read_via<Family>(router_, *vrf, route);
        if (!via.ok()) {
            return via.status();
        }
        absl::Status status = add_route<Family>(router_, *vrf, source, prefix, route, *via);
        if (status.ok()) {
            places<Family>().emplace(*vrf, prefix);
        }
        return status;
    });
}

absl::Status ConfiguredRoutes::remove(const sluice::DeleteRouteRequest& request) {
    const auto vrf = read_vrf(router_, request.has_vrf(), request.vrf());
    if (!vrf.ok()) {
        return vrf.status();
    }
    return with_prefix(request.prefix(), [&](const auto& prefix) {
        return remove_route<decltype(family_of(prefix))>(router_, *vrf, source, prefix);
    });
}

absl::Status ConfiguredRoutes::check_unused(interface::Vrf vrf) {
    absl::Status status;
    const auto each = [&](interface::Vrf in, const auto& prefix, const auto&) {
        if (in == vrf && status.ok()) {
            status = absl::FailedPreconditionError(
                fmt::format("VRF '{}' has the route {}; delete that first",
                            router_.vrfs().name_of(vrf), prefix));
        }
    };
    visit<ip4::Family>(each);
    visit<ip6::Family>(each);
    return status;
}

template <class Family, class Visit>
void ConfiguredRoutes::visit(const Visit& callback) {
    std::erase_if(places<Family>(), [&](const auto& place) {
        const auto& [vrf, prefix] = place;
        const auto* fib = router_.network<Family>().fibs->find(vrf);
        const auto route = fib == nullptr ? std::nullopt : fib->find(prefix, source);
        if (route) {
            callback(vrf, prefix, *route);
        }
        return !route;
    });
}

template <class Family>
std::optional<ConfiguredRoutes::Leading<typename Family::Prefix>> ConfiguredRoutes::find(
    typename Family::Address next_hop, const IsMeant& is_meant) {
    std::optional<Leading<typename Family::Prefix>> found;
    visit<Family>([&](interface::Vrf vrf, const auto& prefix, const auto& route) {
        const interface::Index by = route.via.interface;
        if (route.via.kind == fib::ViaKind::next_hop && route.via.next_hop == next_hop &&
            is_meant(by, by == 0 ? vrf : router_.interfaces().vrf_of(by))) {
            found = {prefix, by};
        }
    });
    return found;
}
template std::optional<ConfiguredRoutes::Leading<wire::Ip4Prefix>>
ConfiguredRoutes::find<ip4::Family>(wire::Ip4Address, const IsMeant&);
template std::optional<ConfiguredRoutes::Leading<wire::Ip6Prefix>>
ConfiguredRoutes::find<ip6::Family>(wire::Ip6Address, const IsMeant&);

template <class Family>
std::vector<ConfiguredRoutes::ByInterface<Family>> ConfiguredRoutes::leading_by(
    interface::Index interface) {
    std::vector<ByInterface<Family>> all;
    visit<Family>([&](interface::Vrf vrf, const auto& prefix, const auto& route) {
        if (route.via.kind == fib::ViaKind::next_hop && route.via.interface == interface) {
            all.push_back({vrf, prefix, route.via.next_hop});
        }
    });
    return all;
}
template std::vector<ConfiguredRoutes::ByInterface<ip4::Family>>
    ConfiguredRoutes::leading_by<ip4::Family>(interface::Index);
template std::vector<ConfiguredRoutes::ByInterface<ip6::Family>>
    ConfiguredRoutes::leading_by<ip6::Family>(interface::Index);

template <class Prefix>
void ConfiguredRoutes::remove(interface::Vrf vrf, const Prefix& prefix) {
    (void)remove_route<decltype(family_of(prefix))>(router_, vrf, source, prefix);
}
template void ConfiguredRoutes::remove(interface::Vrf, const wire::Ip4Prefix&);
template void ConfiguredRoutes::remove(interface::Vrf, const wire::Ip6Prefix&);

void ConfiguredRoutes::write(const api::config::Emit& emit) {
    // In the order of the VRFs' names, that of none first: numbers are others after a replay.
    std::map<std::string, std::vector<sluice::ConfiguredRoute>> by_vrf;
    const auto each = [&](interface::Vrf vrf, const auto& prefix, const auto& route) {
        sluice::ConfiguredRoute message = describe(vrf, prefix, route);
        by_vrf[message.vrf()].push_back(std::move(message));
    };
    visit<ip4::Family>(each);
    visit<ip6::Family>(each);
    for (const auto& [name, routes] : by_vrf) {
        for (const sluice::ConfiguredRoute& route : routes) {
            emit("sluice.Routes.Add", route);
        }
    }
}

template <class Prefix, class Route>
sluice::ConfiguredRoute ConfiguredRoutes::describe(interface::Vrf vrf, const Prefix& prefix,
                                                   const Route& route) const {
    sluice::ConfiguredRoute message;
    if (vrf != interface::default_vrf) {
        message.set_vrf(router_.vrfs().name_of(vrf));
    }
    *message.mutable_prefix() = ip_to_api(prefix);
    if (route.preference != fib::default_preference(source)) {
        message.set_preference(route.preference);
    }
    switch (route.via.kind) {
        case fib::ViaKind::blackhole:
            message.set_verdict(sluice::ROUTE_VERDICT_BLACKHOLE);
            break;
        case fib::ViaKind::prohibit:
            message.set_verdict(sluice::ROUTE_VERDICT_PROHIBIT);
            break;
        case fib::ViaKind::unreachable:
            message.set_verdict(sluice::ROUTE_VERDICT_UNREACHABLE);
            break;
        case fib::ViaKind::vrf:
            message.set_to_vrf(router_.vrfs().name_of(route.via.vrf));
            break;
        case fib::ViaKind::group:
            message.set_group(
                router_.network<decltype(family_of(prefix))>().groups->name_of(route.via.group));
            break;
        default:
            *message.mutable_next_hop() = ip_to_api(route.via.next_hop);
            if (route.via.interface != 0) {
                message.set_interface(router_.interfaces().name_of(route.via.interface));
            }
    }
    return message;
}

}  // namespace vnet::service
