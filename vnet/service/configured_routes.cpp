// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/configured_routes.hpp"

#include <fmt/format.h>

#include "vnet/service/convert.hpp"

namespace vnet::service {

absl::StatusOr<ip4::Via> read_via(Router& router, const sluice::ConfiguredRoute& route) {
    ip4::Via via;
    switch (route.verdict()) {
        case sluice::ROUTE_VERDICT_BLACKHOLE:
            via.kind = ip4::Via::Kind::blackhole;
            break;
        case sluice::ROUTE_VERDICT_PROHIBIT:
            via.kind = ip4::Via::Kind::prohibit;
            break;
        case sluice::ROUTE_VERDICT_UNREACHABLE:
            via.kind = ip4::Via::Kind::unreachable;
            break;
        case sluice::ROUTE_VERDICT_FORWARD:
            break;
        default:
            return absl::InvalidArgumentError(fmt::format(
                "{} is not a verdict; it is forward, blackhole, prohibit or unreachable",
                int(route.verdict())));
    }
    if (via.kind != ip4::Via::Kind::next_hop) {
        if (route.has_next_hop() || route.has_interface()) {
            return absl::InvalidArgumentError(
                fmt::format("a {} route has neither next hop nor interface", ip4::name(via.kind)));
        }
        return via;
    }
    if (!route.has_next_hop()) {
        return absl::InvalidArgumentError(
            "the route has no next hop; give one, or blackhole, prohibit or unreachable");
    }
    via.next_hop = from_api(route.next_hop());
    if (!via.next_hop.valid_source() || via.next_hop.is_multicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a next hop; give a router's unicast address", via.next_hop));
    }
    if (router.addresses().owner(via.next_hop) != 0) {
        return absl::InvalidArgumentError(
            fmt::format("{} is an address of this router; give another router's", via.next_hop));
    }
    if (route.has_interface()) {
        auto interface = router.interfaces().find(route.interface());
        if (!interface.ok()) {
            return interface.status();
        }
        // Its network may come later, or be gone for a while: a route outlives the address.
        via.interface = (*interface)->index;
    }
    return via;
}

absl::Status add_route(Router& router, ip4::RouteSource source,
                       const sluice::ConfiguredRoute& route, const ip4::Via& via) {
    auto prefix = from_api(route.prefix());
    if (!prefix.ok()) {
        return prefix.status();
    }
    std::optional<uint8_t> preference;
    if (route.has_preference()) {
        if (route.preference() > 255) {
            return absl::OutOfRangeError(
                fmt::format("preference {} is out of range; give 0 to 255", route.preference()));
        }
        preference = uint8_t(route.preference());
    }
    return router.fib().add(*prefix, source, via, preference);
}

absl::Status remove_route(Router& router, ip4::RouteSource source,
                          const sluice::Ip4Prefix& message) {
    auto prefix = from_api(message);
    if (!prefix.ok()) {
        return prefix.status();
    }
    absl::Status status = router.fib().remove(*prefix, source);
    if (absl::IsNotFound(status) && source == ip4::RouteSource::configured &&
        router.fib().find(*prefix, ip4::RouteSource::loaded)) {
        return absl::NotFoundError(
            fmt::format("the route {} was loaded by a controller, which alone deletes it; a "
                        "configured one would come before it",
                        *prefix));
    }
    return status;
}

absl::Status ConfiguredRoutes::add(const sluice::ConfiguredRoute& route) {
    auto via = read_via(router_, route);
    if (!via.ok()) {
        return via.status();
    }
    absl::Status status = add_route(router_, source, route, *via);
    if (status.ok()) {
        prefixes_.insert(*from_api(route.prefix()));
    }
    return status;
}

absl::Status ConfiguredRoutes::remove(const sluice::Ip4Prefix& prefix) {
    return remove_route(router_, source, prefix);
}

template <class Visit>
void ConfiguredRoutes::visit(const Visit& callback) {
    std::erase_if(prefixes_, [&](const wire::Ip4Prefix& prefix) {
        const auto route = router_.fib().find(prefix, source);
        if (route) {
            callback(prefix, *route);
        }
        return !route;
    });
}

std::optional<wire::Ip4Prefix> ConfiguredRoutes::leading_to(wire::Ip4Address next_hop) {
    std::optional<wire::Ip4Prefix> found;
    visit([&](const wire::Ip4Prefix& prefix, const ip4::Route& route) {
        if (route.via.kind == ip4::Via::Kind::next_hop && route.via.next_hop == next_hop) {
            found = prefix;
        }
    });
    return found;
}

void ConfiguredRoutes::write(const api::config::Emit& emit) {
    visit([&](const wire::Ip4Prefix& prefix, const ip4::Route& route) {
        emit("sluice.Routes.Add", describe(prefix, route));
    });
}

sluice::ConfiguredRoute ConfiguredRoutes::describe(const wire::Ip4Prefix& prefix,
                                                   const ip4::Route& route) const {
    sluice::ConfiguredRoute message;
    *message.mutable_prefix() = to_api(prefix);
    if (route.preference != ip4::default_preference(source)) {
        message.set_preference(route.preference);
    }
    switch (route.via.kind) {
        case ip4::Via::Kind::blackhole:
            message.set_verdict(sluice::ROUTE_VERDICT_BLACKHOLE);
            break;
        case ip4::Via::Kind::prohibit:
            message.set_verdict(sluice::ROUTE_VERDICT_PROHIBIT);
            break;
        case ip4::Via::Kind::unreachable:
            message.set_verdict(sluice::ROUTE_VERDICT_UNREACHABLE);
            break;
        default:
            *message.mutable_next_hop() = to_api(route.via.next_hop);
            if (route.via.interface != 0) {
                message.set_interface(router_.interfaces().name_of(route.via.interface));
            }
    }
    return message;
}

}  // namespace vnet::service
