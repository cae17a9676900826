// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/wait.hpp"
#include "plugins/host/testing/plugin_fixture.hpp"

namespace qos {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "qos") {
        run("add null a");
        run("add null b");
    }
    bool on(const std::string& family, const std::string& side, const std::string& name = "a") {
        return router_.engine->graph().has_feature(
            family + (side == "input" ? "-unicast" : "-output"), family + "-qos-" + side,
            interface(name).index);
    }
    bool is_off() {
        return !on("ip4", "input") && !on("ip4", "output") && !on("ip6", "input") &&
               !on("ip6", "output");
    }
    std::vector<std::string> shown(const std::string& command) {
        std::vector<std::string> all;
        for (const std::string& one : run(command)) {
            all.push_back(one);
        }
        return all;
    }
    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method.substr(0, 10) == "sluice.qos") {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(PluginTest, IsOnWhereSomethingIsSet) {
    EXPECT_TRUE(is_off());
    run("set interface a qos trust dscp");
    EXPECT_TRUE(on("ip4", "input") && on("ip6", "input") && !on("ip4", "output"));
    run("set interface a qos mark both");
    EXPECT_TRUE(on("ip4", "output") && on("ip6", "output"));
    run("reset interface a qos trust");
    run("reset interface a qos mark");
    EXPECT_TRUE(is_off());
    run("add qos policer p single-rate kilobits 1000 burst 3000");
    run("set interface a qos policer output p");
    EXPECT_TRUE(on("ip4", "output") && !on("ip4", "input"));
    run("reset interface a qos policer output");
    EXPECT_TRUE(is_off());
    run("add qos rule a input 1 from 10.0.0.0/8 class 5");
    EXPECT_TRUE(on("ip4", "input") && !on("ip6", "input"));
    run("add qos rule a input 1 from 2001:db8::/32 class 5");
    EXPECT_TRUE(!on("ip4", "input") && on("ip6", "input"));
    run("delete qos rule a input 1");
    EXPECT_TRUE(is_off());
}

TEST_F(PluginTest, ShowsWhatIsSet) {
    run("add qos map edge dscp-to-class 46=5 8-15=1:yellow");
    run("add qos map core class-to-priority 5=7");
    run("set interface a qos trust dscp map edge");
    run("set interface b qos mark priority priority-map core");
    run("add qos policer gold two-rate kilobits 8 burst 2000 second-rate 16 second-burst 3000 "
        "exceed-dscp 12 violate-dscp 14 colour-aware on");
    run("set interface b qos policer output gold");
    run("add qos rule a input 10 to 10.0.0.0/8 protocol udp destination-ports 5000-5010 class 46 "
        "mark 7 policer gold");
    EXPECT_THAT(shown("show qos map"),
                ElementsAre(HasSubstr(R"("name":"core")"),
                            HasSubstr(R"("entries":"46=5 8-15=1:yellow","used":1)")));
    EXPECT_THAT(
        shown("show qos policer"),
        ElementsAre(HasSubstr(
            R"("terms":"8 kbit/s burst 2000 B, second 16 kbit/s burst 3000 B, colour-aware")")));
    EXPECT_THAT(shown("show qos policer"), ElementsAre(HasSubstr(R"("used":2)")));
    EXPECT_THAT(
        shown("show qos rule"),
        ElementsAre(HasSubstr(
            R"("matches":"to 10.0.0.0/8, protocol udp, destination-ports 5000-5010","does":"class 46, mark 7, policer gold")")));
    EXPECT_THAT(shown("show qos interface"),
                ElementsAre(HasSubstr(R"("trust":"dscp by map edge","marks":"-")"),
                            HasSubstr(R"("marks":"priority by map core")")));
    EXPECT_TRUE(router_.router->fragments().ports_used(interface("a").index));
    EXPECT_EQ(statements().size(), 7U);
    run("delete interface a");
    EXPECT_THAT(shown("show qos rule"), IsEmpty());
    EXPECT_EQ(statements().size(), 5U);
}

TEST_F(PluginTest, RefusesInASentence) {
    run("add qos policer p single-rate packets 10 burst 1");
    run("add qos map m dscp-to-class 1=1");
    EXPECT_THAT(refusal("add qos map bad class-to-priority 1=8"), HasSubstr("'1=8' is no entry"));
    EXPECT_THAT(refusal("add qos map a/b dscp-to-class 1=1"),
                HasSubstr("'a/b' is no name of a map"));
    EXPECT_EQ(refusal("set interface a qos trust dscp map nothing"),
              "there is no map 'nothing'; `show qos map` lists what there is");
    EXPECT_EQ(refusal("set interface a qos trust priority map m"),
              "map 'm' is dscp-to-class; give one that is priority-to-class");
    EXPECT_THAT(refusal("set interface a qos trust none map m"), HasSubstr("no map is needed"));
    EXPECT_THAT(refusal("set interface a qos trust dscp class 4"), HasSubstr("trust none"));
    EXPECT_EQ(refusal("set interface a qos trust none class 64"),
              "class 64 is out of range; give 0 to 63");
    EXPECT_THAT(refusal("set interface a qos mark dscp priority-map m"),
                HasSubstr("not to be marked"));
    EXPECT_THAT(refusal("set interface nowhere qos mark dscp"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("set interface a qos policer input nobody"),
              "there is no policer 'nobody'; `show qos policer` lists what there is");
    EXPECT_EQ(refusal("add qos policer q single-rate kilobits 7 burst 1500"),
              "a rate of 7 kbit/s is out of range; give 8 to 400000000");
    EXPECT_EQ(refusal("add qos policer q single-rate kilobits 400000001 burst 1500"),
              "a rate of 400000001 kbit/s is out of range; give 8 to 400000000");
    EXPECT_THAT(refusal("add qos policer q two-rate packets 10 burst 1 second-rate 5 "
                        "second-burst 1"),
                HasSubstr("below the committed rate"));
    EXPECT_THAT(refusal("add qos policer q single-rate packets 10 burst 1 violate drop "
                        "violate-dscp 8"),
                HasSubstr("dropped passes with no DSCP"));
    EXPECT_THAT(refusal("add qos policer q single-rate packets 10 burst 1 per flow flows 1000"),
                HasSubstr("power of two"));
    EXPECT_EQ(refusal("add qos rule a input 1 from 10.0.0.0/8"),
              "the rule does nothing; give it a class, a mark or a policer");
    EXPECT_EQ(refusal("add qos rule a input 0 class 1"), "rule 0 is out of range; give 1 to 65535");
    EXPECT_EQ(refusal("add qos rule a input 1 from 10.0.0.0/8 to 2001:db8::/32 class 1"),
              "the rule's addresses are of both families; give those of one");
    EXPECT_EQ(refusal("add qos rule a input 1 mark 8388608"),
              "mark 8388608 is out of range; give 0 to 8388607");
    EXPECT_THAT(refusal("add qos rule a input 1 class 1 policer nobody"), HasSubstr("'nobody'"));
    EXPECT_EQ(refusal("delete qos rule a input 1"),
              "interface 'a' has no rule 1 for input; `show qos rule` lists what there is");
    EXPECT_THAT(refusal("reset interface a qos trust"), HasSubstr("has no trust set"));
    EXPECT_THAT(refusal("reset interface a qos mark"), HasSubstr("marks nothing"));
    EXPECT_THAT(refusal("reset interface a qos policer input"), HasSubstr("no policer for input"));
    EXPECT_EQ(statements().size(), 2U);
    EXPECT_TRUE(is_off());
}

TEST_F(PluginTest, WhatIsInUseStays) {
    run("add qos policer p single-rate packets 10 burst 1");
    run("add qos map m dscp-to-class 1=1");
    run("set interface a qos trust dscp map m");
    run("set interface a qos policer input p");
    EXPECT_THAT(refusal("delete qos map m"), HasSubstr("is in use"));
    EXPECT_THAT(refusal("add qos map m class-to-dscp 1=1"), HasSubstr("in use as dscp-to-class"));
    EXPECT_THAT(refusal("delete qos policer p"), HasSubstr("is in use"));
    // In its place.
    run("add qos map m dscp-to-class 1=2");
    run("add qos policer p single-rate packets 20 burst 1");
    run("reset interface a qos policer input");
    run("add qos rule a output 5 class 3 policer p");
    EXPECT_THAT(refusal("delete qos policer p"), HasSubstr("is in use"));
    run("delete interface a");
    run("delete qos policer p");
    run("delete qos map m");
    EXPECT_THAT(statements(), IsEmpty());
}

TEST_F(PluginTest, ManyRulesTakeEffectTogether) {
    for (int number = 1; number <= 128; ++number) {
        run(fmt::format("add qos rule a input {} from 10.0.{}.0/24 class 5", number, number));
    }
    EXPECT_TRUE(on("ip4", "input"));
    EXPECT_FALSE(on("ip6", "input"));
    for (int number = 129; number <= 1024; ++number) {
        run(fmt::format("add qos rule a input {} from 2001:db8:{}::/48 class 5", number, number));
    }
    EXPECT_THAT(refusal("add qos rule a input 1025 class 1"),
                HasSubstr("no room for rule 1025 for input of interface 'a': there are 1024"));
    EXPECT_TRUE(graph::testing::eventually([this] { return on("ip6", "input"); },
                                           [this] { router_.engine->control().poll(); }));
    EXPECT_THAT(shown("show qos interface"),
                ElementsAre(::testing::AllOf(HasSubstr(R"("input_rules":1024)"),
                                             HasSubstr(R"("fault":"")"))));
    // In the middle of it.
    run("delete qos rule a input 1024");
    run("delete interface a");
    router_.engine->control().poll();
    EXPECT_THAT(shown("show qos rule"), IsEmpty());
}

TEST_F(PluginTest, ARuleEndsWithTheInterfaceThatItAsksFor) {
    run("add qos rule a output 5 came-in-by b class 3");
    run("add qos rule a output 6 class 4");
    run("delete interface b");
    EXPECT_THAT(shown("show qos rule"), ElementsAre(HasSubstr(R"("number":6)")));
}

TEST_F(PluginTest, LeavesNothingWhenItGoes) {
    run("add qos policer p single-rate packets 10 burst 1 per source");
    run("set interface a qos policer input p");
    run("add qos rule a input 1 protocol tcp class 1");
    must(router_.host->unload("qos"));
    EXPECT_FALSE(router_.router->fragments().ports_used(interface("a").index));
    must(router_.host->load("qos"));
    EXPECT_TRUE(is_off());
    EXPECT_THAT(statements(), IsEmpty());
}

}  // namespace
}  // namespace qos
