// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>

#include "vnet/fib/fib.hpp"

namespace vnet::fib {

/// Where a route stands among those of all VRFs and both families: in each VRF all of IPv4 come
/// before those of IPv6.
struct RoutePlace {
    interface::Vrf vrf = interface::default_vrf;
    bool is_ip6 = false;
    /// Of IPv4 as the mapped address, with 96 bits more.
    wire::Ip6Prefix prefix;
    friend auto operator<=>(const RoutePlace&, const RoutePlace&) = default;
};

inline RoutePlace place_of(const wire::Ip4Prefix& prefix, interface::Vrf vrf) {
    return {vrf,
            false,
            {wire::Ip6Address::mapped(prefix.address()),
             uint8_t(prefix.length() + wire::Ip6Prefix::longest - wire::Ip4Prefix::longest)}};
}
inline RoutePlace place_of(const wire::Ip6Prefix& prefix, interface::Vrf vrf) {
    return {vrf, true, prefix};
}
/// The prefix of a place of IPv4.
inline wire::Ip4Prefix ip4_prefix(const RoutePlace& place) {
    return {wire::Ip4Address(uint32_t(place.prefix.address().low())),
            uint8_t(place.prefix.length() - wire::Ip6Prefix::longest + wire::Ip4Prefix::longest)};
}

/// A route of either family, as it is told to others.
struct AnyRoute {
    RoutePlace place;
    /// Of IPv4 as the mapped address.
    wire::Ip6Address next_hop;
    /// Where a recursive next hop was found; 0: nowhere.
    interface::Index interface = 0;
    RouteSource source = RouteSource::configured;
    uint8_t preference = 0;
    ViaKind kind = ViaKind::next_hop;
    /// Of kind `vrf`: which one.
    interface::Vrf to_vrf = interface::default_vrf;
    GroupIndex group = 0;

    AnyRoute() = default;
    /// Of a Fib's Match.
    template <class Match>
    AnyRoute(interface::Vrf vrf, const Match& match)
        : place(place_of(match.prefix, vrf)),
          next_hop(as_ip6(match.route.via.next_hop)),
          interface(match.interface),
          source(match.route.source),
          preference(match.route.preference),
          kind(match.route.via.kind),
          to_vrf(match.route.via.vrf),
          group(match.route.via.group) {}

private:
    static wire::Ip6Address as_ip6(wire::Ip6Address address) { return address; }
    static wire::Ip6Address as_ip6(wire::Ip4Address address) {
        return wire::Ip6Address::mapped(address);
    }
};

/// Calls `take(route, used)` for the routes of a VRF behind a place, in their order, the used one
/// of a prefix first; ends where it answers false. Whether it came to the end.
template <class Fib4, class Fib6, class Take>
bool visit_routes_of(const Fib4& ip4, const Fib6& ip6, const std::optional<RoutePlace>& after,
                     Take&& take) {
    bool ended = true;
    const interface::Vrf vrf = ip4.vrf();
    const auto each = [&](const auto& match, bool used) {
        return ended = take(AnyRoute(vrf, match), used);
    };
    if (!after || !after->is_ip6) {
        ip4.visit(after ? std::optional(ip4_prefix(*after)) : std::nullopt, each);
    }
    if (ended) {
        ip6.visit(after && after->is_ip6 ? std::optional(after->prefix) : std::nullopt, each);
    }
    return ended;
}

/// The same for the routes of all VRFs.
template <class Fibs4, class Fibs6, class Take>
bool visit_routes(const Fibs4& ip4, const Fibs6& ip6, const std::optional<RoutePlace>& after,
                  Take&& take) {
    bool ended = true;
    const auto of_vrf = [&](const auto& fib) {
        const bool goes_on = after && after->vrf == fib.vrf();
        return ended =
                   visit_routes_of(fib, ip6.of(fib.vrf()), goes_on ? after : std::nullopt, take);
    };
    ip4.visit(of_vrf, after ? after->vrf : interface::default_vrf);
    return ended;
}

}  // namespace vnet::fib
