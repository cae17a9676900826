// SPDX-License-Identifier: Apache-2.0
// Packets of several VRFs in one vector, and packets that are looked up in more than one.
#include <gtest/gtest.h>

#include "vnet/fib/lookup_vrf.hpp"
#include "vnet/ip4/testing/net.hpp"

namespace vnet::vrf {
namespace {

using ip4::testing::Net;
using wire::testing::Bytes;
using wire::testing::ip;
using wire::testing::packet;
using wire::testing::prefix;

constexpr interface::Vrf red = 1;
constexpr interface::Vrf blue = 2;
constexpr interface::Vrf green = 3;

/// "lan" is in the default VRF, "wan" in red; blue and green have no interfaces. 20.0.0.0/8 leads
/// elsewhere in each.
class LookupTest : public ::testing::Test {
protected:
    LookupTest() {
        net_.add_lookup();
        net_.bench.add(
            std::make_shared<const fib::LookupVrf<ip4::Family>>(net_.tables, net_.forwarding));
        net_.start();
        for (const interface::Vrf vrf : {red, blue, green}) {
            net_.fibs->make(vrf);
        }
        net_.interfaces.set_vrf(Net::wan, red);
        add(0, "20.0.0.0/8", {ip4::Via::Kind::next_hop, Net::wan, ip("10.1.0.2")});
        add(red, "20.0.0.0/8", {ip4::Via::Kind::next_hop, Net::lan, ip("10.0.0.2")});
        add(blue, "20.0.0.0/8", {ip4::Via::Kind::blackhole});
    }
    void add(interface::Vrf vrf, const char* network, const ip4::Via& via) {
        ASSERT_TRUE(
            net_.fibs->of(vrf).add(prefix(network), ip4::RouteSource::configured, via).ok());
    }
    graph::Packet* make(const char* destination, interface::Index from) {
        graph::Packet* made = net_.bench.packet(packet()
                                                    .ethernet(Net::lan_mac, Net::host_mac)
                                                    .ip4("30.0.0.1", destination)
                                                    .udp()
                                                    .bytes(),
                                                from);
        made->meta().l3_offset = sizeof(wire::EthernetHeader);
        return made;
    }
    std::vector<graph::testing::Result> run(const std::vector<graph::Packet*>& packets) {
        return net_.bench.run("ip4-lookup", packets);
    }
    Net net_;
};

TEST_F(LookupTest, EachPacketOfAVectorIsLookedUpInItsOwnVrf) {
    for (const unsigned burst : graph::testing::Bench::bursts) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(make("20.0.0.1", i % 3 == 1 ? Net::wan : Net::lan));
        }
        const auto results = run(packets);
        ASSERT_EQ(results.size(), burst);
        for (const auto& result : results) {
            ASSERT_EQ(result.next, "ip4-rewrite");
            ASSERT_EQ(result.meta.tx_interface,
                      result.meta.rx_interface == Net::lan ? Net::wan : Net::lan);
        }
    }
}

TEST_F(LookupTest, APacketOfNoInterfaceIsOfTheDefaultVrf) {
    EXPECT_EQ(run({make("20.0.0.1", graph::no_interface)}).at(0).meta.tx_interface, Net::wan);
}

TEST_F(LookupTest, LooksUpAgainWhereARouteSaysSo) {
    struct Way {
        const char* destination;
        const char* next;
        const char* drop;
    };
    add(red, "21.0.0.0/8", ip4::Via::look_up(0));
    add(0, "21.0.0.0/8", {ip4::Via::Kind::next_hop, Net::lan, ip("10.0.0.2")});
    add(red, "22.0.0.0/8", ip4::Via::look_up(blue));
    add(blue, "22.0.0.0/9", {ip4::Via::Kind::prohibit});
    add(red, "10.0.0.0/24", ip4::Via::look_up(0));
    add(red, "23.0.0.0/8", ip4::Via::look_up(blue));
    add(blue, "23.0.0.0/8", ip4::Via::look_up(green));
    add(green, "23.0.0.0/8", ip4::Via::look_up(0));
    add(0, "23.0.0.0/8", {ip4::Via::Kind::next_hop, Net::lan, ip("10.0.0.2")});
    add(red, "24.0.0.0/8", ip4::Via::look_up(blue));
    add(blue, "24.0.0.0/8", ip4::Via::look_up(red));
    for (const unsigned burst : graph::testing::Bench::bursts) {
        for (const Way& way :
             {Way{"21.0.0.1", "ip4-rewrite", ""}, Way{"22.0.0.1", "ip4-unreachable", ""},
              Way{"22.200.0.1", "ip4-unreachable", ""}, Way{"10.0.0.1", "ip4-local", ""},
              Way{"10.0.0.255", "ip4-local", ""}, Way{"10.0.0.77", "ip4-resolve", ""},
              Way{"23.0.0.1", "ip4-rewrite", ""}, Way{"24.0.0.1", "drop", "vrf-loop"}}) {
            SCOPED_TRACE(way.destination);
            std::vector<graph::Packet*> packets;
            for (unsigned i = 0; i < burst; ++i) {
                packets.push_back(make(way.destination, Net::wan));
            }
            const auto results = run(packets);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.next, way.next);
                ASSERT_EQ(result.drop, way.drop);
                // Nobody answers a broadcast that came from another VRF.
                ASSERT_EQ((result.meta.flags & graph::packet_flag::l2_group) != 0,
                          std::string_view(way.destination) == "10.0.0.255");
            }
        }
    }
}

TEST_F(LookupTest, ANextHopIsFoundByTheRoutesOfItsOwnVrf) {
    // The same network is behind lan in the default VRF, and behind wan in red.
    add(red, "10.0.0.0/24", {ip4::Via::Kind::connected, Net::wan});
    for (const interface::Vrf vrf : {interface::default_vrf, red}) {
        add(vrf, "25.0.0.0/8", {ip4::Via::Kind::next_hop, 0, ip("10.0.0.9")});
    }
    EXPECT_EQ(run({make("25.0.0.1", Net::lan)}).at(0).meta.tx_interface, Net::lan);
    EXPECT_EQ(run({make("25.0.0.1", Net::wan)}).at(0).meta.tx_interface, Net::wan);
    // A neighbour that is resolved there is used there.
    EXPECT_EQ(run({make("25.0.0.1", Net::wan)}).at(0).next, "ip4-resolve");
    net_.next_hops->acquire(Net::wan, ip("10.0.0.9"));
    net_.next_hops->resolved(Net::wan, ip("10.0.0.9"), wire::testing::mac(Net::router_mac));
    EXPECT_EQ(run({make("25.0.0.1", Net::wan)}).at(0).next, "ip4-rewrite");
    EXPECT_EQ(run({make("25.0.0.1", Net::lan)}).at(0).next, "ip4-resolve");
}

TEST_F(LookupTest, ARouteDoesNotLeadToItsOwnVrf) {
    EXPECT_EQ(net_.fibs->of(red)
                  .add(prefix("21.0.0.0/8"), ip4::RouteSource::configured, ip4::Via::look_up(red))
                  .message(),
              "route 21.0.0.0/8 leads to the VRF that it is in; give another");
    EXPECT_EQ(net_.fibs->led_to(red), 0U);
}

TEST_F(LookupTest, PathsAreGivenBack) {
    const size_t before = net_.forwarding.paths_in_use();
    for (const char* network : {"21.0.0.0/8", "22.0.0.0/8"}) {
        add(red, network, ip4::Via::look_up(blue));
    }
    EXPECT_EQ(net_.fibs->led_to(blue), 2U);
    EXPECT_EQ(net_.forwarding.paths_in_use(), before + 1);
    net_.fibs->remove(red);
    EXPECT_EQ(net_.fibs->led_to(blue), 0U);
    net_.engine->rcu().flush();
    EXPECT_LE(net_.forwarding.paths_in_use(), before);
    // Nothing is left for who has the number next.
    net_.fibs->make(red);
    EXPECT_EQ(run({make("20.0.0.1", Net::wan)}).at(0).next, "ip4-unreachable");
}

}  // namespace
}  // namespace vnet::vrf
