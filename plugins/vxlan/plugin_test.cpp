// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/vxlan/testing/rig.hpp"

namespace vxlan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PluginTest : public testing::Rig {
protected:
    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method.starts_with("sluice.vxlan.")) {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(PluginTest, MakesTunnels) {
    run("add vxlan tunnel t vni 7 local 10.0.2.1 remote 198.51.100.7");
    run("add vxlan tunnel u vni 8 local 2001:db8:2::1 remote 2001:db8:7::7 port 8472 checksum off "
        "ttl 9 dscp inherit dont-fragment clear mac 02:00:00:00:00:99");
    take_up();
    EXPECT_THAT(
        run("show vxlan tunnel"),
        ElementsAre(
            HasSubstr(R"("name":"t","vni":7,"local":"10.0.2.1","remote":"198.51.100.7",)"
                      R"("port":4789,"checksum":false,"vrf":"default","way_mtu":1450)"),
            HasSubstr(R"("name":"u","vni":8,"local":"2001:db8:2::1","remote":"2001:db8:7::7",)"
                      R"("port":8472,"checksum":false,"vrf":"default","way_mtu":1430,"ttl":"9",)"
                      R"("dscp":"inherit","dont_fragment":"clear")")));
    EXPECT_EQ(interface("t").mtu, 1450U);
    EXPECT_EQ(interface("u").mtu, 1430U);
    EXPECT_EQ(interface("u").mac.to_string(), "02:00:00:00:00:99");
    EXPECT_THAT(statements(), ElementsAre(HasSubstr(R"(name: "t")"), HasSubstr("port: 8472")));
    run("delete interface t");
    run("delete interface u");
    EXPECT_THAT(run("show vxlan tunnel"), IsEmpty());
}

TEST_F(PluginTest, RefusesInASentence) {
    EXPECT_EQ(refusal("add vxlan tunnel t vni 16777216 local 10.0.2.1 remote 198.51.100.7"),
              "VNI 16777216 is out of range; give 0 to 16777215");
    EXPECT_EQ(refusal("add vxlan tunnel t vni 1 local 10.0.2.1 remote 198.51.100.7 port 0"),
              "port 0 is out of range; give 1 to 65535");
    EXPECT_THAT(refusal("add vxlan tunnel t vni 1 local 10.0.2.1 remote 2001:db8::7"),
                HasSubstr("2001:db8::7"));
    EXPECT_EQ(
        refusal("add vxlan tunnel t vni 1 local 10.0.2.1 remote 198.51.100.7 mac "
                "01:00:00:00:00:01"),
        "01:00:00:00:00:01 cannot be the address of tunnel 't'; a tunnel that carries ethernet has "
        "a unicast MAC address");
    run("add vxlan tunnel t vni 1 local 10.0.2.1 remote 198.51.100.7");
    EXPECT_EQ(refusal("add vxlan tunnel u vni 1 local 10.0.2.1 remote 198.51.100.7"),
              "'t' is the tunnel between 10.0.2.1 and 198.51.100.7 already");
    run("add vxlan tunnel u vni 2 local 10.0.2.1 remote 198.51.100.7");
    EXPECT_THAT(refusal("add vxlan tunnel w vni 2 local 10.0.2.1 remote 198.51.100.7 vrf nowhere"),
                HasSubstr("'nowhere'"));
}

TEST_F(PluginTest, FollowsTheWaysMtuAndLink) {
    run("add vxlan tunnel t vni 1 local 10.0.2.1 remote 198.51.100.7");
    run("set interface t state up");
    run("set interface wan mtu 1400");
    router_.engine->control().poll();
    take_up();
    EXPECT_EQ(interface("t").mtu, 1350U);
    EXPECT_TRUE(interface("t").link);
    run("delete route 0.0.0.0/0");
    router_.engine->control().poll();
    take_up();
    EXPECT_FALSE(interface("t").link);
}

TEST_F(PluginTest, TakesItsInterfacesAlong) {
    run("add vxlan tunnel t vni 1 local 10.0.2.1 remote 198.51.100.7 port 8472");
    const size_t all = router_.router->interfaces().all().size();
    testing::must(router_.host->unload("vxlan"));
    EXPECT_EQ(router_.router->interfaces().all().size(), all - 1);
    testing::must(router_.host->load("vxlan"));
    run("add vxlan tunnel t vni 1 local 10.0.2.1 remote 198.51.100.7 port 8472");
}

}  // namespace
}  // namespace vxlan
