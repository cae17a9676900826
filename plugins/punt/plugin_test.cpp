// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace punt {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "punt") {}

    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method.starts_with("sluice.punt.")) {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
    vnet::punt::Limits& limits() { return router_.router->punt_limits(); }
};

TEST_F(PluginTest, ClassesHaveRates) {
    EXPECT_THAT(run("show punt"), SizeIs(6));
    EXPECT_THAT(run("show punt").at(2), HasSubstr(R"("class":"management","rate":5000)"));
    run("set punt class management rate 7");
    run("set punt class neighbor rate 0");
    EXPECT_EQ(limits().rate(vnet::punt::Class::management), 7U);
    EXPECT_EQ(limits().rate(vnet::punt::Class::neighbor), 0U);
    EXPECT_THAT(statements(), ElementsAre("", "class: CLASS_MANAGEMENT rate: 7"));
    run("reset punt class management");
    run("reset punt class neighbor");
    EXPECT_THAT(statements(), ElementsAre());
    EXPECT_EQ(refusal("set punt class tcp rate 10000001"),
              "rate 10000001 is out of range; give 0 to 10000000");
}

TEST_F(PluginTest, LeavesTheUsualRatesWhenItGoes) {
    run("set punt class tcp rate 7");
    must(router_.host->unload("punt"));
    EXPECT_EQ(limits().rate(vnet::punt::Class::tcp),
              vnet::punt::usual_rate(vnet::punt::Class::tcp));
}

TEST_F(PluginTest, RefusesNamesInASentence) {
    EXPECT_THAT(refusal("add punt kernel-interface sixteen-letters-"), HasSubstr("up to 15"));
    EXPECT_THAT(run("show interface"), SizeIs(0));
    EXPECT_THAT(run("show punt kernel-interface"), SizeIs(0));
}

TEST_F(PluginTest, TheKernelHasTheRoutersAddresses) {
    if (unshare(CLONE_NEWNET) != 0) {
        GTEST_SKIP() << "a network namespace of its own needs root";
    }
    run("add null lan");
    run("add address lan 10.0.0.1/24");
    run("add punt kernel-interface kernel");
    auto& takers = router_.router->interfaces().takers();
    EXPECT_THAT(std::string(takers.check(interface("kernel").index).message()),
                HasSubstr("without Ethernet headers"));
    EXPECT_EQ(refusal("add punt kernel-interface other"),
              "interface 'kernel' leads to the kernel already; delete that first");
    EXPECT_EQ(router_.router->local().rest(), graph::no_node);
    run("set interface kernel state up");
    EXPECT_EQ(router_.engine->graph().name_of(router_.router->local().rest()), "ip4-punt");
    const auto shown = [&](unsigned addresses) {
        return ElementsAre(HasSubstr(R"("name":"kernel","host_interface":"kernel","addresses":)" +
                                     std::to_string(addresses)));
    };
    EXPECT_THAT(run("show punt kernel-interface"), shown(1));
    run("add address lan 10.0.1.1/24");
    EXPECT_THAT(run("show punt kernel-interface"), shown(2));
    run("delete address lan 10.0.0.1/24");
    EXPECT_THAT(run("show punt kernel-interface"), shown(1));
    EXPECT_THAT(statements(), ElementsAre(R"(name: "kernel")"));
    run("set interface kernel state down");
    EXPECT_EQ(router_.router->local().rest(), graph::no_node);
    run("set interface kernel state up");
    must(router_.host->unload("punt"));
    EXPECT_EQ(router_.router->local().rest(), graph::no_node);
    EXPECT_EQ(router_.router->interfaces().all().size(), 1U);
    must(router_.host->load("punt"));
    run("add punt kernel-interface kernel");
    run("set interface kernel state up");
    EXPECT_THAT(run("show punt kernel-interface"), shown(1));
}

}  // namespace
}  // namespace punt
