// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/command_lines.hpp"
#include "plugins/host/testing/router_fixture.hpp"

namespace bridge {
namespace {

using plugins::host::testing::CommandLines;
using plugins::host::testing::must;
using plugins::host::testing::RouterFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The plugin in a router, driven by its command lines. This thread is the control thread.
class PluginTest : public ::testing::Test {
protected:
    PluginTest() : router_(PLUGIN_DIRECTORY) {
        must(router_.host->load("bridge"));
        lines_ = std::make_unique<CommandLines>(router_.api);
        for (const char* line : {"add null a", "add null b", "add null c",
                                 "add bridge br mac 02:00:00:00:00:0a", "add bridge other"}) {
            run(line);
        }
    }

    std::vector<std::string> run(const std::string& line) {
        auto replies = lines_->run(line);
        EXPECT_TRUE(replies.ok()) << line << ": " << replies.status();
        return replies.ok() ? *replies : std::vector<std::string>();
    }
    std::string refusal(const std::string& line) {
        const auto replies = lines_->run(line);
        EXPECT_FALSE(replies.ok()) << line;
        return std::string(replies.status().message());
    }
    const vnet::interface::Interface& interface(const std::string& name) {
        return *must(router_.router->interfaces().find(name));
    }
    bool on(const std::string& name) {
        return router_.engine->graph().has_feature("device-input", "bridge-input",
                                                   interface(name).index);
    }

    RouterFixture router_;
    std::unique_ptr<CommandLines> lines_;
};

TEST_F(PluginTest, MakesBridgesWithPorts) {
    run("add bridge-port br b group 3 storm-limit 1000");
    run("add bridge-port br a");
    EXPECT_THAT(
        run("show bridge-port"),
        ElementsAre(
            R"({"bridge":"br","interface":"a","learning":true})",
            R"({"bridge":"br","interface":"b","group":3,"storm_limit":1000,"learning":true})"));
    EXPECT_TRUE(on("a") && on("b") && !on("c"));
    EXPECT_THAT(run("show bridge").at(0), HasSubstr(R"("name":"br","ports":2,"learned":0)"));
    run("add bridge-port br a learning off");
    EXPECT_THAT(run("show bridge-port").at(0), HasSubstr(R"("learning":false)"));
    run("delete bridge-port a");
    EXPECT_FALSE(on("a"));
    run("add bridge-port other a");
}

TEST_F(PluginTest, RefusesInASentence) {
    run("add bridge-port br a");
    EXPECT_EQ(refusal("add bridge-port other a"),
              "interface 'a' is a port of bridge 'br'; delete that first");
    EXPECT_EQ(refusal("add bridge-port br other"),
              "interface 'other' is a bridge itself, which cannot be a port; name another");
    EXPECT_EQ(refusal("add bridge-port a b"),
              "interface 'a' is a null, not a bridge; `show bridge` lists those");
    EXPECT_THAT(refusal("add bridge-port br nowhere"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("add bridge-port br b group 65536"),
              "group 65536 is out of range; give 1 to 65535");
    EXPECT_EQ(refusal("add bridge-port br b storm-limit 0"),
              "storm-limit 0 is out of range; give 1 to 1000000000");
    EXPECT_EQ(refusal("add bridge x ageing 9"), "ageing 9 is out of range; give 10 to 1000000");
    EXPECT_EQ(refusal("add bridge x mac 01:00:00:00:00:01"),
              "01:00:00:00:00:01 cannot be the address of bridge 'x'; give a unicast MAC address");
    EXPECT_EQ(refusal("delete bridge-port b"),
              "interface 'b' is no port of a bridge; `show bridge-port` lists those");
    EXPECT_EQ(refusal("add bridge-station br 02:00:00:00:00:01 b"),
              "interface 'b' is no port of bridge 'br'; `show bridge-port` lists those");
    EXPECT_EQ(refusal("add bridge-station br ff:ff:ff:ff:ff:ff a"),
              "ff:ff:ff:ff:ff:ff cannot be a station's address; give a unicast MAC address");
    EXPECT_EQ(refusal("add bridge-station br 02:00:00:00:00:0a a"),
              "02:00:00:00:00:0a is the address of bridge 'br' itself");
    EXPECT_THAT(refusal("delete bridge-station br 02:00:00:00:00:0a"),
                HasSubstr("was not configured"));
}

TEST_F(PluginTest, KnowsItselfAndConfiguredStations) {
    run("add bridge-port br a");
    run("add bridge-station br 02:00:00:00:00:01 a");
    run("set interface other mac 02:00:00:00:00:0b");
    EXPECT_THAT(
        run("show bridge-station"),
        ElementsAre(
            R"({"bridge":"br","mac":"02:00:00:00:00:01","interface":"a","kind":"fixed"})",
            R"({"bridge":"br","mac":"02:00:00:00:00:0a","interface":"br","kind":"router"})",
            R"({"bridge":"other","mac":"02:00:00:00:00:0b","interface":"other","kind":"router"})"));
    run("delete bridge-station br 02:00:00:00:00:01");
    EXPECT_EQ(run("show bridge-station").size(), 2U);
    // A port takes its stations along.
    run("add bridge-station br 02:00:00:00:00:01 a");
    run("delete bridge-port a");
    EXPECT_EQ(run("show bridge-station").size(), 2U);
}

TEST_F(PluginTest, EndsWithItsInterfaces) {
    run("add bridge-port br a");
    run("add bridge-port br b");
    run("delete interface a");
    EXPECT_EQ(run("show bridge-port").size(), 1U);
    run("delete interface br");
    EXPECT_THAT(run("show bridge-port"), IsEmpty());
    EXPECT_FALSE(on("b"));
    run("add bridge-port other b");
}

TEST_F(PluginTest, IsLinkedWhileAPortIs) {
    run("set interface br state up");
    auto& table = router_.router->interfaces();
    table.poll_links();
    EXPECT_FALSE(interface("br").link);
    run("add bridge-port br a");
    run("set interface a state up");
    table.poll_links();
    table.poll_links();
    EXPECT_TRUE(interface("br").link);
}

TEST_F(PluginTest, TakesItsInterfacesAlong) {
    run("add bridge-port br a");
    must(router_.host->unload("bridge"));
    EXPECT_EQ(router_.router->interfaces().all().size(), 3U);
    must(router_.host->load("bridge"));
    run("add bridge br");
    run("add bridge-port br a");
}

}  // namespace
}  // namespace bridge
