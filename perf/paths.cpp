// SPDX-License-Identifier: Apache-2.0
#include "perf/paths.hpp"

#include <random>

#include "perf/bridge_path.hpp"
#include "perf/cross_connect_path.hpp"
#include "perf/feature_paths.hpp"
#include "perf/fragment_path.hpp"
#include "perf/ip6_path.hpp"
#include "perf/memif_path.hpp"
#include "perf/nat44_path.hpp"
#include "perf/tunnel_path.hpp"
#include "perf/vlan_path.hpp"
#include "perf/vxlan_path.hpp"

namespace perf {

namespace {

using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

absl::Status add_route(vnet::Router& router, const Ip4Prefix& prefix) {
    return router.fib().add(prefix, vnet::ip4::RouteSource::configured,
                            {vnet::ip4::Via::Kind::next_hop, 0, out_gateway});
}

/// Addresses that packets may be sent to: no local, private-use or group address gets in the way of
/// a random one.
Ip4Address random_destination(std::mt19937& random) {
    std::uniform_int_distribution<uint32_t> any(0x0b000000, 0x7effffff);
    return Ip4Address(any(random));
}

Path one_route() {
    return {"ip4-1", "IPv4, 1 route",
            [](vnet::Router& router, const Ends&) {
                return add_route(router, Ip4Prefix(Ip4Address(192, 0, 2, 0), 24));
            },
            [] { return std::vector<Ip4Address>{Ip4Address(192, 0, 2, 1)}; }};
}

Path million_routes() {
    return {
        "ip4-1m", "IPv4, 1M random routes /16-/24, random destinations",
        [](vnet::Router& router, const Ends&) {
            std::mt19937 random(1);
            std::uniform_int_distribution<unsigned> length(16, 24);
            absl::Status status;
            for (int i = 0; i < 1'000'000 && status.ok(); ++i) {
                status = add_route(
                    router,
                    Ip4Prefix(random_destination(random), uint8_t(length(random))).normalised());
            }
            // What no random route covers goes the same way.
            status.Update(add_route(router, Ip4Prefix(Ip4Address(), 0)));
            // Nobody runs the control thread's timers here.
            router.tend_memory();
            return status;
        },
        [] {
            std::mt19937 random(2);
            std::vector<Ip4Address> all;
            for (int i = 0; i < 1 << 20; ++i) {
                all.push_back(random_destination(random));
            }
            return all;
        }};
}

/// Flows of many destinations over two next hops.
Path group_path() {
    return {"ip4-ecmp", "IPv4, 1 route to a group of 2 next hops, 64 flows",
            [](vnet::Router& router, const Ends&) {
                constexpr Ip4Address second(10, 0, 2, 3);
                auto& groups = *router.ip4().groups;
                absl::Status status = router.neighbors().add_fixed(
                    "out", second, vnet::wire::MacAddress::from_uint64(0x02fe00000003));
                router.interfaces().poll_links();
                status.Update(groups.add("ways"));
                for (const Ip4Address member : {out_gateway, second}) {
                    status.Update(groups.set_member("ways", 0, member, 1));
                }
                status.Update(router.fib().add(Ip4Prefix(Ip4Address(192, 0, 2, 0), 24),
                                               vnet::ip4::RouteSource::configured,
                                               vnet::ip4::Via::to_group(groups.find("ways"))));
                return status;
            },
            [] {
                std::vector<Ip4Address> all;
                for (uint8_t host = 1; host <= 64; ++host) {
                    all.push_back(Ip4Address(192, 0, 2, host));
                }
                return all;
            }};
}

}  // namespace

const std::vector<Path>& paths() {
    static const std::vector<Path> all = [] {
        std::vector<Path> made = {
            one_route(),     million_routes(),  group_path(),     ip6_path(),
            ip6_100k_path(), ip6_group_path(),  memif_path(),     cross_connect_path(),
            bridge_path(),   bridge_10k_path(), vlan_path(),      vrf_path(),
            policy_path(),   urpf_path(),       mss_clamp_path(), virtual_reassembly_path(),
            fragment_path(), reassemble_path(), nat44_o2i_path(), policer_path(),
            qos_mark_path(), qos_rules_path()};
        for (auto& more : {nat44_paths(), vxlan_paths(), tunnel_paths()}) {
            made.insert(made.end(), more.begin(), more.end());
        }
        return made;
    }();
    return all;
}

absl::StatusOr<Ends> make_ends(vnet::Router& router, Out out) {
    Ends ends{};
    const auto make = [&](const char* name, const char* device, const Ip4Prefix& address,
                          vnet::interface::Index& index) -> absl::Status {
        using Made = absl::StatusOr<std::unique_ptr<vnet::interface::Device>>;
        auto added = router.interfaces().add(name, [&](vnet::interface::Index given) -> Made {
            if (out == Out::null) {
                return router.nulls().create();
            }
            vnet::device::PortOptions options;
            options.devargs = device;
            return router.ports().create(given, options);
        });
        if (!added.ok()) {
            return added.status();
        }
        index = *added;
        absl::Status status = router.addresses().add(name, address);
        status.Update(router.interfaces().set_up(name, true));
        return status;
    };
    absl::Status status = make("in", "net_null0", Ip4Prefix(Ip4Address(10, 0, 1, 1), 24), ends.in);
    status.Update(make("out", "net_null1", Ip4Prefix(Ip4Address(10, 0, 2, 1), 24), ends.out));
    status.Update(router.neighbors().add_fixed(
        "out", out_gateway, vnet::wire::MacAddress::from_uint64(0x02fe00000002)));
    if (!status.ok()) {
        return status;
    }
    return ends;
}

}  // namespace perf
