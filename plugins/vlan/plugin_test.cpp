// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "plugins/host/testing/plugin_fixture.hpp"
#include "vnet/interface/testing/fake_device.hpp"

namespace vlan {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(VLAN_DIRECTORY, "vlan") { run("add null lan"); }
};

TEST_F(PluginTest, MakesInterfacesOfVlans) {
    run("add vlan lan.10 parent lan id 10");
    run("add vlan s parent lan id 10 type dot1ad");
    run("add vlan c parent s id 20");
    run("add vlan rest parent lan default");
    EXPECT_THAT(run("show vlan"),
                ElementsAre(R"({"name":"lan.10","parent":"lan","id":10})",
                            R"({"name":"rest","parent":"lan"})",
                            R"({"name":"s","parent":"lan","id":10,"type":"dot1ad"})",
                            R"({"name":"c","parent":"s","id":20})"));
    EXPECT_EQ(interface("lan.10").mac, interface("lan").mac);
    EXPECT_EQ(interface("lan.10").device->description(), "lan dot1q 10");
    EXPECT_EQ(interface("rest").device->description(), "lan default");
}

TEST_F(PluginTest, AParentIsPromiscuousForItsVlans) {
    auto& takers = router_.router->interfaces().takers();
    run("add vlan s parent lan id 10 type dot1ad");
    run("add vlan c parent s id 20");
    run("add vlan d parent s id 30");
    for (const char* name : {"c", "d"}) {
        ASSERT_TRUE(takers.claim(interface(name).index, "a port of bridge 'office'").ok());
    }
    EXPECT_EQ(interface("lan").promiscuous, 1U);
    EXPECT_EQ(interface("s").promiscuous, 2U);
    takers.release(interface("c").index);
    EXPECT_EQ(interface("lan").promiscuous, 1U);
    run("delete interface d");
    EXPECT_EQ(interface("lan").promiscuous, 0U);
}

TEST_F(PluginTest, RefusesInASentence) {
    run("add vlan a parent lan id 10");
    EXPECT_EQ(refusal("add vlan b parent lan id 10"),
              "dot1q 10 of 'lan' is taken by interface 'a'; delete that first");
    EXPECT_EQ(refusal("add vlan b parent lan id 4095"), "4095 is not a VLAN; give 1 to 4094");
    EXPECT_EQ(refusal("add vlan b parent lan id 0"), "0 is not a VLAN; give 1 to 4094");
    EXPECT_THAT(refusal("add vlan b parent nowhere id 1"), HasSubstr("'nowhere'"));
    EXPECT_THAT(refusal("add vlan a parent lan id 11"), HasSubstr("'a'"));
    run("add vlan b parent a id 1");
    EXPECT_EQ(refusal("add vlan c parent b id 1"),
              "interface 'b' has two tags already, and frames have no more; choose the one that it "
              "is on");
    run("add vlan rest parent lan default");
    EXPECT_EQ(refusal("add vlan more parent lan default"),
              "what no other takes in of 'lan' is taken by interface 'rest'; delete that first");
    // Not even to what it is.
    const std::string lan = fmt::format("{}", interface("lan").mac);
    for (const std::string& mac : {std::string("02:00:00:00:00:99"), lan}) {
        EXPECT_EQ(refusal("set interface a mac " + mac),
                  "interface 'a' has the address of 'lan', " + lan + "; change it there");
    }
    EXPECT_EQ(run("show vlan").size(), 3U);
}

TEST_F(PluginTest, FollowsItsParent) {
    run("add vlan a parent lan id 10");
    run("add vlan b parent a id 10");
    run("set interface a state up");
    run("set interface b state up");
    auto& table = router_.router->interfaces();
    table.poll_links();
    EXPECT_FALSE(interface("a").link);
    run("set interface lan state up");
    table.poll_links();
    EXPECT_TRUE(interface("a").link);
    EXPECT_TRUE(interface("b").link);
    run("set interface lan mac 02:00:00:00:00:77");
    EXPECT_EQ(fmt::format("{}", interface("b").mac), "02:00:00:00:00:77");
    EXPECT_EQ(table.hot(interface("b").index).mac.load(), 0x02'00'00'00'00'77U);
    run("delete interface lan");
    EXPECT_THAT(run("show interface"), IsEmpty());
    EXPECT_THAT(run("show vlan"), IsEmpty());
}

TEST_F(PluginTest, HasTheMtuThatItsParentLeaves) {
    const auto expect_mtus = [this](const std::map<std::string, uint32_t>& expected) {
        for (const auto& [name, mtu] : expected) {
            EXPECT_EQ(interface(name).mtu, mtu) << name;
        }
    };
    run("add vlan a parent lan id 10");
    run("add vlan b parent a id 10");
    run("set interface lan mtu 1400");
    expect_mtus({{"a", 1400}, {"b", 1400}});
    run("set interface lan mtu 9000");
    expect_mtus({{"a", 1500}, {"b", 1500}});
    run("set interface a mtu 9000");
    run("set interface lan mtu 1300");
    expect_mtus({{"a", 9000}, {"b", 1500}});
    run("reset interface a mtu");
    expect_mtus({{"a", 1300}, {"b", 1300}});
    // A tunnel has no room for tags.
    run("add vlan default_of_lan parent lan default");
    class Tunnel final : public vnet::interface::testing::FakeDevice {
    public:
        using FakeDevice::FakeDevice;
        uint32_t tag_room() const override { return 0; }
    };
    auto state = std::make_shared<vnet::interface::testing::FakeState>();
    must(router_.router->interfaces()
             .add("tunnel", [&](auto) { return std::make_unique<Tunnel>(state); })
             .status());
    run("set interface tunnel mtu 1450");
    run("add vlan c parent tunnel id 10");
    run("add vlan d parent c id 10");
    run("add vlan rest parent tunnel default");
    expect_mtus({{"c", 1446}, {"d", 1442}, {"rest", 1450}});
    run("set interface tunnel mtu 1400");
    expect_mtus({{"c", 1396}, {"d", 1392}, {"rest", 1400}});
    run("delete interface tunnel");
}

TEST_F(PluginTest, GivesAVlanBack) {
    run("add vlan a parent lan id 10");
    run("delete interface a");
    run("add vlan b parent lan id 10");
    EXPECT_THAT(run("show vlan"), ElementsAre(R"({"name":"b","parent":"lan","id":10})"));
}

TEST_F(PluginTest, IsPartOfTheRunningConfiguration) {
    run("add vlan z parent lan id 10 type dot1ad");
    run("add vlan a parent z id 20");
    run("add vlan rest parent lan default");
    std::vector<std::string> lines;
    router_.api.config().write([&](std::string_view method, const auto& request) {
        if (method == "sluice.vlan.Vlans.Add") {
            lines.push_back(request.ShortDebugString());
        }
    });
    EXPECT_THAT(lines, ElementsAre(R"(name: "rest" parent: "lan")",
                                   R"(name: "z" parent: "lan" id: 10 type: TAG_TYPE_DOT1AD)",
                                   R"(name: "a" parent: "z" id: 20)"));
}

TEST_F(PluginTest, TakesItsInterfacesAlong) {
    run("add vlan a parent lan id 10");
    run("add vlan b parent a id 10");
    must(router_.host->unload("vlan"));
    EXPECT_EQ(router_.router->interfaces().all().size(), 1U);
    EXPECT_EQ(router_.router->ether_types().find(vnet::wire::EtherType::vlan), graph::no_node);
    must(router_.host->load("vlan"));
    run("add vlan a parent lan id 10");
}

}  // namespace
}  // namespace vlan
