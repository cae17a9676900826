// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"

namespace loopback {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vnet::wire::Ip4Address;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "loopback") {}

    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method == "sluice.loopback.Loopbacks.Add") {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(PluginTest, IsLinkedWhileItIsUp) {
    run("add loopback id");
    EXPECT_EQ(interface("id").device->kind(), "loopback");
    EXPECT_TRUE(interface("id").mac.is_unicast());
    EXPECT_FALSE(interface("id").link);
    run("set interface id state up");
    EXPECT_TRUE(interface("id").link);
    run("set interface id state down");
    EXPECT_FALSE(interface("id").link);
}

TEST_F(PluginTest, ItsAddressIsTheRoutersOwn) {
    run("add loopback id");
    run("add address id 192.0.2.1/32");
    const auto owner = router_.router->addresses().owner(Ip4Address(192, 0, 2, 1));
    EXPECT_EQ(owner, interface("id").index);
    run("delete interface id");
    EXPECT_EQ(router_.router->addresses().owner(Ip4Address(192, 0, 2, 1)), 0U);
}

TEST_F(PluginTest, TakesTheLongestPacketThereIs) {
    run("add loopback id");
    run("set interface id mtu 65535");
    EXPECT_EQ(interface("id").mtu, 65535U);
}

TEST_F(PluginTest, RefusesInASentence) {
    EXPECT_EQ(refusal("add loopback id mac 01:00:5e:00:00:01"),
              "01:00:5e:00:00:01 cannot be the address of loopback 'id'; give a unicast MAC "
              "address");
    run("add loopback id");
    EXPECT_EQ(refusal("add loopback id"), "interface 'id' is there already");
    EXPECT_THAT(refusal("add loopback i@d"), HasSubstr("cannot name an interface"));
}

TEST_F(PluginTest, IsPartOfTheRunningConfiguration) {
    run("add loopback z");
    run("add loopback a mac 02:00:00:00:00:01");
    run("set interface z mac 02:00:00:00:00:02");
    EXPECT_THAT(statements(),
                ElementsAre(R"(name: "a" mac { value: 2199023255553 })", R"(name: "z")"));
    run("delete interface a");
    EXPECT_THAT(statements(), ElementsAre(R"(name: "z")"));
}

TEST_F(PluginTest, TakesItsInterfacesAlong) {
    run("add loopback id");
    must(router_.host->unload("loopback"));
    EXPECT_TRUE(router_.router->interfaces().all().empty());
    must(router_.host->load("loopback"));
    run("add loopback id");
}

}  // namespace
}  // namespace loopback
