// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace policy_routing {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "policy-routing") {
        for (const char* name : {"a", "b"}) {
            run(std::string("add null ") + name);
        }
        run("add vrf red");
    }
    bool on(const std::string& family) {
        return router_.engine->graph().has_feature(family + "-unicast", family + "-policy-routing",
                                                   interface("a").index);
    }
    size_t paths() {
        router_.engine->rcu().flush();
        return router_.router->forwarding().paths_in_use();
    }
    std::vector<std::string> shown() {
        std::vector<std::string> all;
        for (const std::string& one : run("show policy-rule")) {
            all.push_back(one);
        }
        return all;
    }
};

TEST_F(PluginTest, RulesAreOfTheFamilyOfTheirAddresses) {
    run("add policy-rule a 10 lookup-in red from 10.0.0.0/8");
    EXPECT_TRUE(on("ip4") && !on("ip6"));
    run("add policy-rule a 10 via 2001:db8::1 to 2001:db8:1::/48");
    EXPECT_TRUE(!on("ip4") && on("ip6"));
    run("add policy-rule a 20 prohibit protocol tcp destination-ports 25");
    EXPECT_TRUE(on("ip4") && on("ip6"));
    EXPECT_TRUE(router_.router->fragments().ports_used(interface("a").index));
    EXPECT_THAT(
        shown(),
        ElementsAre(
            HasSubstr(R"("number":10,"matches":"to 2001:db8:1::/48","leads_to":"via 2001:db8::1")"),
            HasSubstr(R"("matches":"protocol tcp, destination-ports 25","leads_to":"prohibit")")));
    run("delete policy-rule a 20");
    EXPECT_FALSE(router_.router->fragments().ports_used(interface("a").index));
    run("delete policy-rule a 10");
    EXPECT_FALSE(on("ip4") || on("ip6"));
    EXPECT_THAT(shown(), IsEmpty());
}

TEST_F(PluginTest, RefusesInASentence) {
    EXPECT_EQ(refusal("add policy-rule a 0 blackhole"), "rule 0 is out of range; give 1 to 65535");
    EXPECT_EQ(refusal("add policy-rule a 1 lookup-in blue"),
              "there is no VRF 'blue'; there are: default, red");
    EXPECT_THAT(refusal("add policy-rule nowhere 1 blackhole"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("add policy-rule a 1 via 10.0.0.1 from 2001:db8::/32"),
              "the rule's addresses are of both families; give those of one");
    EXPECT_EQ(
        refusal("add policy-rule a 1 blackhole from 10.0.0.1/8"),
        "10.0.0.1/8 is not a network: bits behind the prefix length are set; 10.0.0.0/8 would "
        "be right");
    EXPECT_EQ(refusal("add policy-rule a 1 via fe80::1"),
              "fe80::1 may be on every link; name the interface with `by`");
    EXPECT_EQ(refusal("add policy-rule a 1 blackhole dscp 64"),
              "DSCP 64 is out of range; give 0 to 63");
    EXPECT_THAT(refusal("add policy-rule a 1 blackhole source-ports 9-8"), HasSubstr("no ports"));
    EXPECT_EQ(refusal("delete policy-rule a 1"),
              "interface 'a' has no rule 1; `show policy-rule` lists what there is");
    EXPECT_THAT(shown(), IsEmpty());
    EXPECT_FALSE(on("ip4") || on("ip6"));
}

TEST_F(PluginTest, PathsAreHeldAndGivenBack) {
    const size_t before = paths();
    run("add address b 10.1.0.1/24");
    const size_t with_network = paths();
    run("add policy-rule a 1 via 10.1.0.9");
    run("add policy-rule a 2 via 10.1.0.9 by b");
    run("add policy-rule a 3 lookup-in red");
    EXPECT_GT(paths(), with_network);
    EXPECT_THAT(refusal("delete vrf red"), HasSubstr("lead to VRF 'red'"));
    // In its place.
    run("add policy-rule a 3 blackhole");
    run("delete vrf red");
    run("delete interface b");
    EXPECT_THAT(shown(), ElementsAre(HasSubstr(R"("number":1)"), HasSubstr(R"("number":3)")));
    run("delete interface a");
    EXPECT_THAT(shown(), IsEmpty());
    EXPECT_EQ(paths(), before);
}

TEST_F(PluginTest, FollowsItsInterfaceIntoAVrf) {
    run("add policy-rule a 1 via 10.1.0.9");
    run("set interface a vrf red");
    EXPECT_TRUE(on("ip4"));
    run("reset interface a vrf");
    run("set interface a vrf red");
    run("delete policy-rule a 1");
    run("reset interface a vrf");
    run("delete vrf red");
}

TEST_F(PluginTest, LeavesNothingWhenItGoes) {
    const size_t before = paths();
    run("add policy-rule a 1 via 10.1.0.9 protocol udp");
    must(router_.host->unload("policy-routing"));
    EXPECT_FALSE(on("ip4"));
    EXPECT_EQ(paths(), before);
    must(router_.host->load("policy-routing"));
    EXPECT_FALSE(on("ip4"));
}

}  // namespace
}  // namespace policy_routing
