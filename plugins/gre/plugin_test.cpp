// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/host/testing/plugin_fixture.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace gre {
namespace {

using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vnet::wire::Icmp4Unreachable;
using vnet::wire::IpProtocol;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;

class GrePluginTest : public PluginFixture {
protected:
    GrePluginTest() : PluginFixture(PLUGIN_DIRECTORY, "gre") {
        for (const char* name : {"a", "b"}) {
            auto state = std::make_shared<vnet::interface::testing::FakeState>();
            state->tx_node = router_.engine->graph().find("null-tx");
            must(router_.router->interfaces()
                     .add(name, vnet::interface::testing::FakeDevice::maker(state))
                     .status());
            run(std::string("set interface ") + name + " state up");
        }
        run("add address a 192.0.2.1/24");
        run("add address b 198.51.100.1/24");
        run("add address a 2001:db8::1/64");
        settle();
    }

    void settle() { router_.engine->control().poll(); }
    uint32_t mtu(const std::string& name) {
        settle();
        return interface(name).mtu;
    }
    bool link(const std::string& name) {
        router_.router->interfaces().poll_links();
        return interface(name).link;
    }
    std::vector<std::string> statements() {
        std::vector<std::string> lines;
        router_.api.config().write([&](std::string_view method, const auto& request) {
            if (method.starts_with("sluice.gre.")) {
                lines.push_back(request.ShortDebugString());
            }
        });
        return lines;
    }
    /// An ICMP error comes by "a", checked by "icmp4-input".
    void hear(const Bytes& error) {
        graph::Packet* packet = router_.engine->pool().allocate();
        packet->resize(uint32_t(error.size()));
        std::copy(error.begin(), error.end(), packet->data());
        packet->meta().rx_interface = interface("a").index;
        packet->meta().l4_offset = sizeof(vnet::wire::Ip4Header);
        router_.router->tunnels().ip4.underlay->take_errors(std::span(&packet, 1));
    }
    static Bytes too_big(uint16_t mtu, const char* remote = "192.0.2.9",
                         IpProtocol protocol = IpProtocol::ipip) {
        const Bytes quote = packet()
                                .ip4("192.0.2.1", remote)
                                .protocol(protocol)
                                .payload(packet().ip4().udp().payload(1400).bytes())
                                .truncate(200)
                                .bytes();
        return packet()
            .ip4("192.0.2.254", "192.0.2.1")
            .icmp_unreachable(Icmp4Unreachable::fragmentation_needed, mtu)
            .payload(quote)
            .bytes();
    }
};

TEST_F(GrePluginTest, HasTheMtuThatTheWayLeaves) {
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
    EXPECT_EQ(mtu("t"), 1480U);
    run("add gre tunnel g local 192.0.2.1 remote 192.0.2.9 key 1");
    EXPECT_EQ(mtu("g"), 1472U);
    run("add gre tunnel e local 2001:db8::1 remote 2001:db8::9 carries ethernet");
    EXPECT_EQ(mtu("e"), 1500U - 40 - 4 - 14);
    run("set interface a mtu 1400");
    EXPECT_EQ(mtu("t"), 1380U);
    EXPECT_EQ(mtu("g"), 1372U);
    run("add route 192.0.2.9/32 via 198.51.100.2");
    EXPECT_EQ(mtu("t"), 1480U);
    run("set interface t mtu 1300");
    run("delete route 192.0.2.9/32");
    EXPECT_EQ(mtu("t"), 1300U);
    run("reset interface t mtu");
    EXPECT_EQ(mtu("t"), 1380U);
}

TEST_F(GrePluginTest, BelievesARouterOnTheWayForAWhile) {
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
    run("add ipip tunnel other local 192.0.2.1 remote 192.0.2.8");
    hear(too_big(1300));
    EXPECT_EQ(mtu("t"), 1280U);
    EXPECT_EQ(mtu("other"), 1480U);
    hear(too_big(1400));
    EXPECT_EQ(mtu("t"), 1280U);
    hear(too_big(10));
    EXPECT_EQ(mtu("t"), 552U - 20) << "less is not believed";
    // What was no larger than that.
    hear(too_big(1448));
    // Of tunnels that there are not.
    hear(too_big(1000, "192.0.2.7"));
    hear(too_big(1000, "192.0.2.8", IpProtocol::gre));
    EXPECT_EQ(mtu("other"), 1480U);
    // From a router of before RFC 1191: the next smaller usual one.
    run("delete interface t");
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
    hear(too_big(0));
    EXPECT_EQ(mtu("t"), 1006U - 20);
}

TEST_F(GrePluginTest, KnowsItsPacketsWhateverEachHasOfItsOwn) {
    run("add gre tunnel g local 192.0.2.1 remote 192.0.2.9 key 5 sequence on checksum on");
    const auto hear_of = [this](const char* gre) {
        const Bytes quote = packet()
                                .ip4("192.0.2.1", "192.0.2.9")
                                .protocol(IpProtocol::gre)
                                .payload(vnet::wire::testing::from_hex(gre))
                                .payload(1400)
                                .bytes();
        hear(packet()
                 .ip4("192.0.2.254", "192.0.2.1")
                 .icmp_unreachable(Icmp4Unreachable::fragmentation_needed, 1300)
                 .payload(std::span(quote).first(60))
                 .bytes());
    };
    hear_of("b000 0800 12340000 00000006 00000063");
    EXPECT_EQ(mtu("g"), 1500U - 36) << "of another key";
    hear_of("b000 0800 12340000 00000005 00000063");
    EXPECT_EQ(mtu("g"), 1300U - 36);
}

TEST_F(GrePluginTest, KeepsItsMtuWhereItsWayLeadsThroughItself) {
    const std::string words = " key 1 sequence on checksum on carries ethernet";
    constexpr uint32_t headers = 40 + 16 + 14;
    run("add gre tunnel g local 2001:db8::1 remote 2001:db8:f::9" + words);
    run("add address g 2001:db8:9::1/64");
    run("set interface g state up");
    run("add route 2001:db8:f::/48 via 2001:db8::2");
    settle();
    EXPECT_EQ(mtu("g"), 1500 - headers);
    run("add route 2001:db8:f::9/128 via 2001:db8:9::2");
    settle();
    EXPECT_EQ(mtu("g"), 1500 - headers);
    run("set interface a mtu 1400");
    run("delete route 2001:db8:f::9/128");
    settle();
    EXPECT_EQ(mtu("g"), 1400 - headers);
    // Two through one another: they come to an end.
    run("add gre tunnel h local 2001:db8::1 remote 2001:db8:e::9" + words);
    run("add address h 2001:db8:8::1/64");
    run("set interface h state up");
    run("add route 2001:db8:f::9/128 via 2001:db8:8::2");
    run("add route 2001:db8:e::9/128 via 2001:db8:9::2");
    settle();
    run("delete route 2001:db8:f::9/128");
    settle();
    EXPECT_EQ(mtu("g"), 1400 - headers);
    EXPECT_EQ(mtu("h"), 1400 - 2 * headers);
}

TEST_F(GrePluginTest, IsLinkedWhileThereIsAWay) {
    run("add ipip tunnel t local 192.0.2.1 remote 203.0.113.9");
    run("set interface t state up");
    EXPECT_FALSE(link("t"));
    run("add route 203.0.113.0/24 via 192.0.2.2");
    settle();
    EXPECT_TRUE(link("t"));
    run("delete route 203.0.113.0/24");
    settle();
    EXPECT_FALSE(link("t"));
}

TEST_F(GrePluginTest, ItsEndIsTheRoutersOwnWhileItIsThere) {
    using vnet::fib::Action;
    auto& router = *router_.router;
    const auto action = [&](const char* address) {
        const auto path = router.routes().lookup(vnet::wire::testing::ip(address).value());
        const auto& adjacency = router.forwarding().adjacency(router.forwarding().at(path));
        return std::pair(adjacency.action, router_.engine->graph().name_of(adjacency.next));
    };
    EXPECT_EQ(action("192.0.2.1"), std::pair(Action::local, std::string("ip4-local")));
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
    run("add gre tunnel g local 192.0.2.1 remote 192.0.2.9");
    EXPECT_EQ(action("192.0.2.1"), std::pair(Action::local, std::string("tunnel4-input")));
    run("delete interface t");
    EXPECT_EQ(action("192.0.2.1").second, "tunnel4-input");
    run("delete interface g");
    EXPECT_EQ(action("192.0.2.1"), std::pair(Action::local, std::string("ip4-local")));
    run("add ipip tunnel t local 203.0.113.1 remote 192.0.2.9");
    EXPECT_EQ(action("203.0.113.1").first, Action::local);
}

TEST_F(GrePluginTest, IsWrittenAsItWasMade) {
    run("add vrf under");
    run("add gre tunnel g local 192.0.2.1 remote 192.0.2.9 key 0 sequence on checksum on ttl "
        "inherit "
        "dscp 46 dont-fragment clear");
    run("add gre tunnel e local 2001:db8::1 remote 2001:db8::9 carries ethernet mac "
        "02:00:00:00:00:77");
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9 vrf under");
    const std::vector<std::string> lines = statements();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_THAT(lines[1], HasSubstr("key: 0 sequence: true checksum: true"));
    EXPECT_THAT(lines[1], HasSubstr("ttl: \"inherit\" dscp: \"46\" "
                                    "dont_fragment: TUNNEL_DONT_FRAGMENT_CLEAR"));
    EXPECT_THAT(lines[0], HasSubstr("carries: TUNNEL_CARRIES_ETHERNET mac"));
    EXPECT_THAT(lines[2], HasSubstr("vrf: \"under\""));
    for (const char* name : {"g", "e", "t"}) {
        run(std::string("delete interface ") + name);
    }
    EXPECT_THAT(statements(), IsEmpty());
}

TEST_F(GrePluginTest, RefusesInASentence) {
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
    EXPECT_EQ(refusal("add ipip tunnel u local 192.0.2.1 remote 192.0.2.9"),
              "'t' is the tunnel between 192.0.2.1 and 192.0.2.9 already");
    EXPECT_EQ(refusal("add ipip tunnel u local 192.0.2.1 remote 2001:db8::9"),
              "192.0.2.1 and 2001:db8::9 cannot be the ends of one tunnel; give two addresses of "
              "IPv4 or two of IPv6");
    EXPECT_THAT(refusal("add ipip tunnel u local 192.0.2.1 remote 224.0.0.1"),
                HasSubstr("224.0.0.1 cannot be the end of a tunnel"));
    EXPECT_THAT(refusal("add ipip tunnel u local 2001:db8::1 remote fe80::1"),
                HasSubstr("fe80::1 cannot be the end of a tunnel"));
    EXPECT_THAT(refusal("add ipip tunnel u local 192.0.2.1 remote 192.0.2.1"),
                HasSubstr("both ends of the tunnel are 192.0.2.1"));
    EXPECT_EQ(
        refusal("add ipip tunnel u local 192.0.2.1 remote 192.0.2.8 ttl 255"),
        "'255' is no TTL of a tunnel; give 1 to 254, or inherit for that of the packet in the "
        "tunnel");
    EXPECT_THAT(refusal("add ipip tunnel u local 192.0.2.1 remote 192.0.2.8 dscp 64"),
                HasSubstr("'64' is no DSCP of a tunnel"));
    EXPECT_THAT(refusal("add gre tunnel u local 192.0.2.1 remote 192.0.2.8 mac 02:00:00:00:00:01"),
                HasSubstr("cannot be the address of tunnel 'u'"));
    EXPECT_THAT(refusal("add ipip tunnel u local 192.0.2.1 remote 192.0.2.8 vrf none"),
                HasSubstr("none"));
    run("add vrf under");
    run("add ipip tunnel u local 192.0.2.1 remote 192.0.2.9 vrf under");
    EXPECT_EQ(refusal("delete vrf under"), "tunnels send in VRF 'under'; delete them first");
    EXPECT_THAT(refusal("set interface t mac 02:00:00:00:00:01"),
                HasSubstr("carries no Ethernet frames"));
    run("delete interface u");
    run("delete vrf under");
}

TEST_F(GrePluginTest, GoesWithItsTunnels) {
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
    run("add gre tunnel g local 192.0.2.1 remote 192.0.2.9");
    must(router_.host->unload("gre"));
    EXPECT_FALSE(router_.router->interfaces().find("t").ok());
    EXPECT_EQ(router_.router->local().protocol(IpProtocol::gre), graph::no_node);
    must(router_.host->load("gre"));
    run("add ipip tunnel t local 192.0.2.1 remote 192.0.2.9");
}

}  // namespace
}  // namespace gre
