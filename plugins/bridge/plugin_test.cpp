// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace bridge {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "bridge") {
        for (const char* line : {"add null a", "add null b", "add null c",
                                 "add bridge br mac 02:00:00:00:00:0a", "add bridge other"}) {
            run(line);
        }
    }
    bool on(const std::string& name) {
        return router_.engine->graph().has_feature("device-input", "bridge-input",
                                                   interface(name).index);
    }
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
    EXPECT_EQ(refusal("set bridge br ageing 9"), "ageing 9 is out of range; give 10 to 1000000");
    EXPECT_EQ(refusal("set bridge br mac-limit 131073"),
              "mac-limit 131073 is out of range; give 0 to 131072");
    EXPECT_EQ(refusal("set bridge br move-limit 0"),
              "move-limit 0 is out of range; give 1 to 1000000");
    EXPECT_EQ(refusal("set bridge a ageing 10"),
              "interface 'a' is a null, not a bridge; `show bridge` lists those");
    EXPECT_EQ(refusal("add bridge-host br 10.0.0 02:00:00:00:00:01"),
              "'10.0.0' is not an IP address; give one like 192.0.2.1 or 2001:db8::1");
    EXPECT_EQ(refusal("add bridge-host br ::ffff:10.0.0.1 02:00:00:00:00:01"),
              "'::ffff:10.0.0.1' is not an IP address; give one like 192.0.2.1 or 2001:db8::1");
    EXPECT_EQ(refusal("add bridge-host br 224.0.0.1 02:00:00:00:00:01"),
              "224.0.0.1 cannot be a host's address; give a unicast address");
    EXPECT_EQ(refusal("add bridge-host br ff02::1 02:00:00:00:00:01"),
              "ff02::1 cannot be a host's address; give a unicast address");
    EXPECT_EQ(refusal("add bridge-host br 10.0.0.1 03:00:00:00:00:01"),
              "03:00:00:00:00:01 cannot be a host's address; give a unicast MAC address");
    EXPECT_EQ(refusal("add bridge-host br 10.0.0.1 02:00:00:00:00:01 router on"),
              "no answer for 10.0.0.1 could say that it is a router; leave that out, or give an "
              "IPv6 address");
    EXPECT_EQ(
        refusal("delete bridge-host br 10.0.0.1"),
        "address 10.0.0.1 was not configured for bridge 'br'; `show bridge-host` lists those");
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
    auto& takers = router_.router->interfaces().takers();
    ASSERT_TRUE(takers.claim(interface("c").index, "joined with 'd'").ok());
    EXPECT_EQ(refusal("add bridge-port br c"),
              "interface 'c' is joined with 'd'; delete that first");
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

TEST_F(PluginTest, APortTakesInFramesToAll) {
    const auto shown = [this] {
        return run("show interface a").at(0).find(R"("promiscuous":true)") != std::string::npos;
    };
    EXPECT_FALSE(shown());
    run("add bridge-port br a");
    run("add bridge-port br a learning off");
    EXPECT_EQ(interface("a").promiscuous, 1U);
    EXPECT_TRUE(shown());
    run("delete bridge-port a");
    EXPECT_FALSE(shown());
}

TEST_F(PluginTest, TakesJumboFrames) {
    run("set interface br mtu 9000");
    EXPECT_THAT(refusal("set interface br mtu 9217"), HasSubstr("it takes 68 to 9216"));
}

TEST_F(PluginTest, IsSetAndResetAsAWhole) {
    run("set bridge br ageing 60 move-limit 5 suppress arp nd");
    EXPECT_EQ(run("show bridge").at(0),
              R"({"name":"br","ports":0,"learned":0,"mac_limit":65536,"ageing":60,"refused":0,)"
              R"("moves":0,"moves_refused":0,"move_limit":5,"suppress":["arp","nd"],"hosts":0,)"
              R"("hosts_refused":0,"arp_answered":0,"nd_answered":0})");
    run("set bridge br mac-limit 0 suppress nd");
    EXPECT_THAT(run("show bridge").at(0), AllOf(HasSubstr(R"("mac_limit":0,"ageing":300)"),
                                                HasSubstr(R"("suppress":["nd"])")));
    run("reset bridge br");
    EXPECT_THAT(run("show bridge").at(0), HasSubstr(R"("mac_limit":65536,"ageing":300)"));
}

TEST_F(PluginTest, KnowsConfiguredHosts) {
    run("add bridge-host br 10.0.0.1 02:00:00:00:00:01");
    run("add bridge-host br 2001:DB8::1 02:00:00:00:00:01 router on");
    run("add bridge-host other 10.0.0.1 02:00:00:00:00:02");
    EXPECT_THAT(
        run("show bridge-host"),
        ElementsAre(
            R"({"bridge":"br","address":"10.0.0.1","mac":"02:00:00:00:00:01","kind":"fixed"})",
            R"({"bridge":"br","address":"2001:db8::1","mac":"02:00:00:00:00:01","kind":"fixed","router":true})",
            R"({"bridge":"other","address":"10.0.0.1","mac":"02:00:00:00:00:02","kind":"fixed"})"));
    run("add bridge-host br 10.0.0.1 02:00:00:00:00:03");
    EXPECT_THAT(run("show bridge-host").at(0), HasSubstr("02:00:00:00:00:03"));
    run("clear bridge br");
    run("delete bridge-host br 2001:db8::1");
    EXPECT_EQ(run("show bridge-host").size(), 2U);
    run("delete interface br");
    EXPECT_EQ(run("show bridge-host").size(), 1U);
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
