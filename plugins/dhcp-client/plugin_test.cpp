// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/dhcp-client/leased_routes.hpp"
#include "plugins/host/testing/plugin_fixture.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace dhcp_client {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vnet::ip4::RouteSource;
using vnet::wire::testing::ip;
using vnet::wire::testing::prefix;

class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "dhcp-client") {
        run("add null a");
        run("add null b");
    }
    bool listens(const std::string& name) {
        return router_.engine->graph().has_feature("device-input", "dhcp-client-listen",
                                                   interface(name).index);
    }
    graph::NodeId taker() { return router_.router->local().udp_port(68); }
    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method == "sluice.dhcp_client.DhcpClients.Set") {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
};

TEST_F(PluginTest, BeginsWithTheLink) {
    run("set interface a dhcp-client hostname edge");
    EXPECT_THAT(run("show dhcp client"),
                ElementsAre(HasSubstr(R"("interface":"a","state":"off")")));
    EXPECT_FALSE(listens("a"));
    run("set interface a state up");
    EXPECT_THAT(run("show dhcp client"), ElementsAre(HasSubstr(R"("state":"init")")));
    EXPECT_TRUE(listens("a") && !listens("b"));
    run("set interface b state up");
    run("set interface b dhcp-client");
    EXPECT_TRUE(listens("b"));
    run("set interface a state down");
    EXPECT_FALSE(listens("a"));
    EXPECT_THAT(run("show dhcp client").at(0), HasSubstr(R"("state":"off")"));
}

TEST_F(PluginTest, IsPartOfTheRunningConfiguration) {
    run("set interface b dhcp-client hostname edge client-id r1 preference 7");
    run("set interface a dhcp-client");
    EXPECT_THAT(
        statements(),
        ElementsAre(R"(name: "a")", R"(name: "b" hostname: "edge" client_id: "r1" preference: 7)"));
    run("set interface b dhcp-client");
    EXPECT_THAT(statements(), ElementsAre(R"(name: "a")", R"(name: "b")"));
    EXPECT_NE(taker(), graph::no_node);
    run("reset interface b dhcp-client");
    run("delete interface a");
    EXPECT_THAT(statements(), IsEmpty());
    EXPECT_EQ(taker(), graph::no_node);
}

TEST_F(PluginTest, RefusesInASentence) {
    EXPECT_THAT(refusal("set interface nowhere dhcp-client"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("reset interface a dhcp-client"),
              "interface 'a' has no DHCP client; `show dhcp client` lists those that have");
    EXPECT_THAT(refusal("set interface a dhcp-client hostname " + std::string(64, 'x')),
                HasSubstr("cannot be a hostname; give 1 to 63 characters"));
    EXPECT_EQ(refusal("set interface a dhcp-client preference 256"),
              "preference 256 is out of range; give 0 to 255");
    EXPECT_THAT(statements(), IsEmpty());
}

TEST_F(PluginTest, LeavesNothingWhenItGoes) {
    run("set interface a state up");
    run("set interface a dhcp-client");
    must(router_.host->unload("dhcp-client"));
    EXPECT_EQ(taker(), graph::no_node);
    must(router_.host->load("dhcp-client"));
    EXPECT_FALSE(listens("a"));
    run("set interface a dhcp-client");
    EXPECT_TRUE(listens("a"));
}

TEST_F(PluginTest, ALeasedAddressIsNotConfigured) {
    must(router_.router->addresses().add("a", prefix("10.0.0.7/24"), vnet::fib::Origin::learned));
    EXPECT_THAT(refusal("delete address a 10.0.0.7/24"), HasSubstr("not configured but found out"));
    unsigned addresses = 0;
    router_.api.config().write([&](std::string_view method, const auto&) {
        addresses += method == "sluice.Addresses.Add";
    });
    EXPECT_EQ(addresses, 0U);
}

TEST_F(PluginTest, OfSeveralLeasesTheBestRouteIsUsed) {
    run("add address a 10.0.0.7/24");
    run("add address b 10.0.1.7/24");
    const auto a = interface("a").index;
    const auto b = interface("b").index;
    auto& fib = router_.router->fib();
    LeasedRoutes routes(*router_.router->ip4().fibs, vnet::interface::default_vrf);
    const auto by = [&] {
        const auto route = fib.find(prefix("0.0.0.0/0"), RouteSource::dhcp);
        return route ? route->via.interface : 0;
    };
    const StaticRoute from_a{prefix("0.0.0.0/0"), ip("10.0.0.1")};
    const StaticRoute from_b{prefix("0.0.0.0/0"), ip("10.0.1.1")};
    must(routes.set(a, 100, {from_a}));
    EXPECT_EQ(by(), a);
    must(routes.set(b, 50, {from_b}));
    EXPECT_EQ(by(), b);
    must(routes.set(b, 100, {from_b}));
    EXPECT_EQ(by(), a);
    run("delete interface a");
    must(routes.set(a, 0, {}));
    EXPECT_EQ(by(), b);
    must(routes.set(b, 0, {}));
    EXPECT_EQ(by(), 0U);
    must(routes.set(b, 100, {{prefix("192.0.2.1/32"), ip("0.0.0.0")}}));
    EXPECT_TRUE(fib.find(prefix("192.0.2.1/32"), RouteSource::dhcp));
    EXPECT_FALSE(routes.set(b, 100, {{prefix("192.0.2.0/24"), ip("224.0.0.1")}, from_b}).ok());
    EXPECT_EQ(by(), b);
}

}  // namespace
}  // namespace dhcp_client
