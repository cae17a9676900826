// SPDX-License-Identifier: Apache-2.0
#include "perf/ip6_path.hpp"

#include "perf/fib6/routes.hpp"

namespace perf {

namespace {

using vnet::wire::Ip6Address;
using vnet::wire::Ip6Prefix;

constexpr Ip6Address out_gateway6(0x20010db800020000, 2);
constexpr size_t many_routes = 100'000;
constexpr size_t many_destinations = 65'536;

/// Addresses of both ends, and the neighbour behind `out`.
absl::Status add_addresses(vnet::Router& router) {
    auto& ip6 = router.ip6();
    absl::Status status =
        ip6.addresses->add("in", Ip6Prefix(Ip6Address(0x20010db800010000, 1), 64));
    status.Update(ip6.addresses->add("out", Ip6Prefix(Ip6Address(0x20010db800020000, 1), 64)));
    status.Update(ip6.neighbors->add_fixed("out", out_gateway6,
                                           vnet::wire::MacAddress::from_uint64(0x02fe00000002)));
    return status;
}

absl::Status add_route(vnet::Router& router, const Ip6Prefix& prefix) {
    return router.ip6().fib->add(prefix, vnet::ip6::RouteSource::configured,
                                 {vnet::ip6::Via::Kind::next_hop, 0, out_gateway6});
}

absl::Status set_up_group(vnet::Router& router, const Ends&) {
    auto& ip6 = router.ip6();
    constexpr Ip6Address second(0x20010db800020000, 3);
    absl::Status status = add_addresses(router);
    status.Update(ip6.neighbors->add_fixed("out", second,
                                           vnet::wire::MacAddress::from_uint64(0x02fe00000003)));
    router.interfaces().poll_links();
    status.Update(ip6.groups->add("ways"));
    for (const Ip6Address& member : {out_gateway6, second}) {
        status.Update(ip6.groups->set_member("ways", 0, member, 1));
    }
    status.Update(ip6.fib->add(Ip6Prefix(Ip6Address(0x20010db800990000, 0), 48),
                               vnet::ip6::RouteSource::configured,
                               vnet::ip6::Via::to_group(ip6.groups->find("ways"))));
    return status;
}

}  // namespace

Path ip6_path() {
    Path path;
    path.name = "ip6-1";
    path.meaning = "IPv6, 1 route";
    path.set_up = [](vnet::Router& router, const Ends&) {
        absl::Status status = add_addresses(router);
        status.Update(add_route(router, Ip6Prefix(Ip6Address(0x20010db800990000, 0), 48)));
        return status;
    };
    path.destinations6 = [] { return std::vector{Ip6Address(0x20010db800990000, 1)}; };
    return path;
}

Path ip6_100k_path() {
    Path path;
    path.name = "ip6-100k";
    path.meaning = "IPv6, 100k random routes of 8 lengths, 64k destinations";
    path.set_up = [](vnet::Router& router, const Ends&) {
        absl::Status status = add_addresses(router);
        for (const fib6::Route& route : fib6::make_routes(fib6::Kind::random, many_routes)) {
            status.Update(add_route(router, route.prefix));
        }
        // Nobody runs the control thread's timers here.
        router.tend_memory();
        return status;
    };
    path.destinations6 = [] {
        return fib6::make_addresses(fib6::make_routes(fib6::Kind::random, many_routes),
                                    many_destinations, 1);
    };
    return path;
}

Path ip6_group_path() {
    Path path;
    path.name = "ip6-ecmp";
    path.meaning = "IPv6, 1 route to a group of 2 next hops, 64 flows";
    path.set_up = set_up_group;
    path.destinations6 = [] {
        std::vector<Ip6Address> all;
        for (uint64_t host = 1; host <= 64; ++host) {
            all.push_back(Ip6Address(0x20010db800990000, host));
        }
        return all;
    };
    return path;
}

}  // namespace perf
