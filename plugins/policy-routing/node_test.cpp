// SPDX-License-Identifier: Apache-2.0
#include "plugins/policy-routing/node.hpp"

#include <gtest/gtest.h>

#include "vnet/fragment/family.hpp"
#include "vnet/ip4/testing/net.hpp"

namespace policy_routing {
namespace {

using vnet::ip4::Via;
using vnet::ip4::testing::Net;
using vnet::wire::TcpFlags;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::ip;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;
using vnet::wire::testing::prefix;

PacketMaker from(const char* source, const char* destination = "20.0.0.1") {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip4(source, destination);
}

/// The node on its arc, for packets of "lan".
struct NodeTest : ::testing::Test {
    NodeTest() : ports(net.bench.slots().place<Ports>("ports").value()) {
        net.bench.collector("ip4-input");
        net.bench.collector("ip4-lookup");
        EXPECT_TRUE(net.bench.graph()
                        .add_arc({Ip4::arc, graph::ArcSide::rx, {"ip4-input"}, "ip4-lookup"})
                        .ok());
        node = std::make_shared<Ip4Policy>(net.tables, net.forwarding, ports);
        net.bench.add(std::shared_ptr<const Ip4Policy>(node));
        EXPECT_TRUE(net.bench.graph().add_feature(Ip4::arc, {Ip4::node, {}, {}}).ok());
        net.start();
    }
    /// A rule for which the list lives as long as the test.
    Rule<Ip4>& add(const Via& via) {
        list.rules.push_back(
            {uint32_t(10 * (list.rules.size() + 1)), {}, net.fib->acquire(via), counts});
        list.asks_for_upper = true;
        node->set(Net::lan, &list);
        return list.rules.back();
    }
    std::vector<graph::testing::Result> run(const Bytes& in, unsigned burst = 1,
                                            vnet::interface::Index by = Net::lan) {
        return net.run(Ip4::node, in, burst, by, [&](graph::Packet& one) {
            one.meta().arc = 0;
            ports.of(one) = vnet::fragment::Ip4::upper(one).ports;
        });
    }
    Net net;
    vnet::fragment::PortsSlot ports;
    std::shared_ptr<Ip4Policy> node;
    RuleList<Ip4> list;
    std::shared_ptr<Counts> counts = std::make_shared<Counts>(2);
};

TEST_F(NodeTest, TheFirstRuleThatMatchesSaysWhere) {
    add({Via::Kind::prohibit}).match.from = prefix("10.0.0.64/26");
    add({Via::Kind::next_hop, Net::wan, ip("10.1.0.2")}).match.from = prefix("10.0.0.0/24");
    Rule<Ip4>& web = add({Via::Kind::next_hop, Net::wan, ip("10.1.0.77")});
    web.match.protocol = 6;
    web.match.destination_ports = {80, 81};
    add(Via::look_up(1)).match.dscp = 46;
    add({Via::Kind::blackhole}).match.to = prefix("30.0.0.0/8");
    Rule<Ip4>& from_port = add({Via::Kind::unreachable});
    from_port.match.source_ports = {53, 53};
    struct Way {
        const char* what;
        Bytes in;
        const char* next;
        vnet::interface::Index by = Net::lan;
    };
    const Way ways[] = {
        {"the first", from("10.0.0.65").udp().bytes(), "ip4-unreachable"},
        {"the second", from("10.0.0.9").udp().bytes(), "ip4-rewrite"},
        {"by port", from("50.0.0.1").tcp(1000, 80, TcpFlags::syn).bytes(), "ip4-resolve"},
        {"the last port", from("50.0.0.1").tcp(1000, 81, TcpFlags::syn).bytes(), "ip4-resolve"},
        {"another port", from("50.0.0.1").tcp(1000, 82, TcpFlags::syn).bytes(), "ip4-lookup"},
        {"another protocol", from("50.0.0.1").udp(1000, 80).bytes(), "ip4-lookup"},
        {"by class", from("50.0.0.1").dscp(46).udp().bytes(), "ip4-lookup-vrf"},
        {"by destination", from("50.0.0.1", "30.1.1.1").udp().bytes(), "ip4-unreachable"},
        {"by source port", from("50.0.0.1").udp(53, 1000).bytes(), "ip4-unreachable"},
        {"no rule", from("50.0.0.1").udp().bytes(), "ip4-lookup"},
        {"no ports", from("50.0.0.1").icmp(8, 0).bytes(), "ip4-lookup"},
        {"for the router", from("10.0.0.9", "10.0.0.1").udp().bytes(), "ip4-lookup"},
        {"a broadcast of its networks", from("10.0.0.9", "10.1.0.255").udp().bytes(), "ip4-lookup"},
        {"by another interface", from("10.0.0.9").udp().bytes(), "ip4-lookup", Net::wan},
    };
    for (const unsigned burst : graph::testing::Bench::bursts) {
        for (const Way& way : ways) {
            SCOPED_TRACE(way.what);
            const auto results = run(way.in, burst, way.by);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.next, way.next);
                ASSERT_EQ(result.bytes, way.in);
            }
        }
    }
}

TEST_F(NodeTest, SetsTheWayAndCountsIt) {
    add({Via::Kind::next_hop, Net::wan, ip("10.1.0.2")});
    const Bytes in = from("10.0.0.9").udp().payload(100).bytes();
    const auto results = run(in, 3);
    for (const auto& result : results) {
        EXPECT_EQ(result.meta.tx_interface, Net::wan);
        EXPECT_EQ(net.forwarding.adjacency(result.meta.adjacency).ip4_next_hop(), ip("10.1.0.2"));
    }
    EXPECT_EQ((*counts)[0].packets.read(), 3U);
    EXPECT_EQ((*counts)[0].bytes.read(), 3 * (in.size() - 14));
    // Without rules it lets everything pass.
    node->set(Net::lan, nullptr);
    EXPECT_EQ(run(in).at(0).next, "ip4-lookup");
    EXPECT_EQ((*counts)[0].packets.read(), 3U);
}

}  // namespace
}  // namespace policy_routing
