// SPDX-License-Identifier: Apache-2.0
#include "perf/paths.hpp"

#include <gtest/gtest.h>

#include <map>

#include "graph/testing/bench.hpp"
#include "perf/measure.hpp"

namespace perf {
namespace {

using Visits = std::map<std::string, double>;

/// Runs some packets of a path, and says how often each passed each node.
Visits visits(const Path& path, Result& result) {
    graph::testing::start_eal();
    const auto engine = std::move(*graph::Engine::create({1, {}, 8192}));
    const auto router = std::move(*vnet::Router::create(*engine));
    const Ends ends = *make_ends(*router, Out::null);
    const absl::Status status = path.set_up(*router, ends);
    EXPECT_TRUE(status.ok()) << status;
    engine->rcu().flush();
    engine->take_up_here();
    Load load;
    load.vector = 64;
    load.packets = 128 * load.vector;
    result = Measure(*engine, *router, ends, path, load).run();
    Visits all;
    for (const NodeCost& node : result.nodes) {
        all[node.name] = node.visits;
    }
    return all;
}

TEST(Paths, EachLeadsThroughWhatItIsNamedFor) {
    const std::map<std::string_view, Visits> expected = {
        {"ip6-ecmp", {{"ip6-lookup", 1}, {"ip6-load-balance", 1}, {"null-tx", 1}}},
        {"vlan",
         {{"vlan-input", 1},
          {"ethernet-input", 2},
          {"vlan-output", 1},
          {"interface-output", 2},
          {"null-tx", 1}}},
        {"vrf-lookup", {{"ip4-lookup", 1}, {"ip4-lookup-vrf", 1}, {"null-tx", 1}}},
        // Past the lookup.
        {"ip4-policy", {{"ip4-policy-routing", 1}, {"ip4-rewrite", 1}, {"null-tx", 1}}},
        {"ip4-urpf", {{"ip4-source-check", 1}, {"ip4-lookup", 1}, {"null-tx", 1}}},
        {"ip4-mss-clamp", {{"ip4-mss-clamp-rx", 1}, {"ip4-mss-clamp-tx", 1}, {"null-tx", 1}}},
        {"ip4-virtual-reassembly",
         {{"ip4-virtual-reassembly", 1}, {"ip4-lookup", 1}, {"null-tx", 1}}},
        {"ip4-fragment", {{"ip4-fragment", 1}, {"ip4-rewrite", 3}, {"null-tx", 2}}},
        {"geneve-encap",
         {{"cross-connect", 1}, {"geneve-encap", 1}, {"ip4-rewrite", 0}, {"null-tx", 1}}},
        {"gre-encap", {{"ip4-lookup", 1}, {"gre-encap", 1}, {"ip4-rewrite", 1}, {"null-tx", 1}}},
        {"ipip-encap", {{"ip4-lookup", 1}, {"ipip-encap", 1}, {"ip4-rewrite", 1}, {"null-tx", 1}}},
        {"vxlan-encap",
         {{"cross-connect", 1}, {"vxlan-encap", 1}, {"ip4-rewrite", 0}, {"null-tx", 1}}},
        {"vxlan-encap-bridge", {{"bridge-input", 1}, {"vxlan-encap", 1}, {"null-tx", 1}}},
        {"vxlan-decap-bridge",
         {{"tunnel4-input", 1}, {"vxlan4-decap", 1}, {"bridge-input", 1}, {"null-tx", 1}}},
        {"ip4-reassemble", {{"ip4-reassemble", 1}, {"ip4-deliver", 0.5}, {"bench-sink", 0.5}}},
    };
    size_t found = 0;
    for (const Path& path : paths()) {
        const auto wanted = expected.find(path.name);
        if (wanted == expected.end()) {
            continue;
        }
        ++found;
        Result result;
        const Visits seen = visits(path, result);
        EXPECT_EQ(result.dropped, 0U) << path.name;
        for (const auto& [node, times] : wanted->second) {
            const auto at = seen.find(node);
            EXPECT_EQ(at == seen.end() ? 0 : at->second, times) << path.name << ": " << node;
        }
        EXPECT_EQ(seen.contains("ip4-lookup"), path.name != "ip4-policy" &&
                                                   path.name != "ip6-ecmp" &&
                                                   path.first_node == "ethernet-input")
            << path.name;
    }
    EXPECT_EQ(found, expected.size());
}

}  // namespace
}  // namespace perf
