// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/local.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/ip4/testing/net.hpp"

namespace vnet::ip4 {
namespace {

using testing::Bytes;
using testing::Case;
using testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

PacketMaker from(wire::testing::IpArgument source, wire::testing::IpArgument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip4(source, destination);
}
PacketMaker to_us() {
    return from("10.0.0.2", "10.0.0.1");
}
void in_link_broadcast(graph::Packet& one) {
    one.meta().flags |= graph::packet_flag::l2_group;
}
void by_the_router(graph::Packet& one) {
    one.meta().flags |= graph::packet_flag::local_origin;
}

TEST(Ip4Local, TakesInWhatIsForTheRouter) {
    const auto make = [] {
        auto net = std::make_unique<Net>();
        net->add_local();
        net->start();
        return net;
    };
    testing::check(
        make, "ip4-local",
        {{"for us", to_us().udp().bytes(), "ip4-deliver", ""},
         {"for our other address", from("10.0.0.2", "10.1.0.1").udp().bytes(), "ip4-deliver", ""},
         {"multicast in a link broadcast",
          from("10.0.0.2", "224.0.0.1").udp().bytes(),
          "ip4-deliver",
          "",
          {},
          in_link_broadcast},
         {"limited broadcast",
          from("10.0.0.2", "255.255.255.255").udp().bytes(),
          "ip4-deliver",
          "",
          {},
          in_link_broadcast},
         {"a network's broadcast address",
          from("10.0.0.2", "10.0.0.255").udp().bytes(),
          "ip4-deliver",
          "",
          {},
          in_link_broadcast},
         {"from ourselves by way of the table",
          from("10.0.0.1", "10.1.0.1").udp().bytes(),
          "ip4-deliver",
          "",
          {},
          by_the_router},
         {"too short", to_us().truncate(30).bytes(), "drop", "truncated"},
         {"our address for a source", from("10.0.0.1", "10.1.0.1").udp().bytes(), "drop",
          "spoofed-source"},
         {"our broadcast address for a source", from("10.0.0.255", "10.1.0.1").udp().bytes(),
          "drop", "spoofed-source"},
         {"first fragment", to_us().fragment(0, true).udp().bytes(), "ip4-reassemble", ""},
         {"last fragment", to_us().fragment(800, false).udp().bytes(), "ip4-reassemble", ""},
         {"our own address in a link broadcast",
          to_us().udp().bytes(),
          "drop",
          "link-broadcast",
          {},
          in_link_broadcast},
         {"another's address in a link broadcast",
          from("10.0.0.2", "20.0.0.1").udp().bytes(),
          "drop",
          "link-broadcast",
          {},
          in_link_broadcast}});
}

TEST(Ip4Local, ABroadcastThatCameRoutedIsABroadcastAllTheSame) {
    Net net;
    net.add_local();
    net.start();
    const auto result =
        net.run("ip4-local", from("20.0.0.1", "10.0.0.255").udp().bytes(), 1, Net::wan).at(0);
    EXPECT_EQ(result.next, "ip4-deliver");
    EXPECT_TRUE(result.meta.has(graph::packet_flag::l2_group));
}

TEST(Ip4Deliver, GoesToWhoTookTheProtocolOrPort) {
    const auto make = [] {
        auto net = std::make_unique<Net>();
        net->add_deliver();
        net->add_error();
        const auto& graph = net->bench.graph();
        EXPECT_TRUE(
            net->local
                .register_protocol(graph, wire::IpProtocol::ospf, net->bench.collector("ospf"))
                .ok());
        EXPECT_TRUE(net->local.register_udp_port(graph, 67, net->bench.collector("dhcp")).ok());
        net->start();
        return net;
    };
    const Bytes no_port = to_us().udp(1000, 68).payload(8).bytes();
    const Bytes tcp = to_us().tcp(1000, 179).bytes();
    const Bytes no_protocol = to_us().protocol(wire::IpProtocol::sctp).payload(40).bytes();
    const auto told = [](const Bytes& in, wire::Icmp4Unreachable code) {
        return packet()
            .ip4("10.0.0.1", "10.0.0.2")
            .dscp(48)
            .icmp_unreachable(code)
            .payload(testing::without_ethernet(in))
            .bytes();
    };
    testing::check(
        make, "ip4-deliver",
        {{"protocol", to_us().protocol(wire::IpProtocol::ospf).payload(9).bytes(), "ospf", ""},
         {"protocol by multicast",
          from("10.0.0.2", "224.0.0.5").protocol(wire::IpProtocol::ospf).bytes(), "ospf", ""},
         {"port", to_us().udp(68, 67).payload(9).bytes(), "dhcp", ""},
         {"port by broadcast",
          from("10.0.0.2", "255.255.255.255").udp(68, 67).bytes(),
          "dhcp",
          "",
          {},
          in_link_broadcast},
         {"no such port", no_port, "ip4-lookup", "", told(no_port, wire::Icmp4Unreachable::port)},
         {"no TCP here", tcp, "ip4-lookup", "", told(tcp, wire::Icmp4Unreachable::port)},
         {"no such protocol", no_protocol, "ip4-lookup", "",
          told(no_protocol, wire::Icmp4Unreachable::protocol)},
         {"no such port, by broadcast",
          from("10.0.0.2", "10.0.0.255").udp(1, 2).bytes(),
          "drop",
          "no-listener",
          {},
          in_link_broadcast},
         {"no such port, by multicast", from("10.0.0.2", "224.0.0.9").udp(1, 2).bytes(), "drop",
          "no-listener"},
         {"no such protocol, by broadcast", from("10.0.0.2", "255.255.255.255").bytes(), "drop",
          "no-listener"},
         {"half a UDP header", to_us().udp().truncate(14 + 20 + 7).bytes(), "drop", "truncated"},
         {"a UDP length under 8", to_us().udp().length(7).bytes(), "drop", "truncated"},
         {"a UDP length beyond the packet", to_us().udp().length(9).bytes(), "drop", "truncated"},
         {"no IP header", to_us().truncate(20).bytes(), "drop", "truncated"}});
    const auto net = make();
    net->run("ip4-deliver", no_port, 3);
    net->run("ip4-deliver", no_protocol, 2);
    EXPECT_EQ(net->bench.drops("ip4-deliver", "no-port"), 3u);
    EXPECT_EQ(net->bench.drops("ip4-deliver", "no-protocol"), 2u);
}

TEST(Ip4Deliver, TheRestIsForWhoTookIt) {
    const auto make = [] {
        auto net = std::make_unique<Net>();
        net->add_deliver();
        const auto& graph = net->bench.graph();
        const graph::NodeId rest = net->bench.collector("rest");
        EXPECT_TRUE(net->local.register_udp_port(graph, 67, net->bench.collector("dhcp")).ok());
        EXPECT_TRUE(net->local.register_rest(graph, rest).ok());
        EXPECT_EQ(net->local.register_rest(graph, rest).message(),
                  "what nobody else takes is taken by node 'rest' already");
        net->start();
        return net;
    };
    testing::check(
        make, "ip4-deliver",
        {{"a port that is taken", to_us().udp(68, 67).bytes(), "dhcp", ""},
         {"another port", to_us().udp(1000, 68).payload(8).bytes(), "rest", ""},
         {"TCP", to_us().tcp(1000, 179).bytes(), "rest", ""},
         {"another protocol", to_us().protocol(wire::IpProtocol::sctp).bytes(), "rest", ""},
         {"by broadcast",
          from("10.0.0.2", "10.0.0.255").udp(1, 2).bytes(),
          "drop",
          "no-listener",
          {},
          in_link_broadcast},
         {"by multicast", from("10.0.0.2", "224.0.0.9").udp(1, 2).bytes(), "drop", "no-listener"},
         {"half a UDP header", to_us().udp().truncate(14 + 20 + 7).bytes(), "drop", "truncated"}});
    const auto net = make();
    net->local.unregister_rest();
    EXPECT_EQ(net->run("ip4-deliver", to_us().tcp().bytes()).at(0).next, "icmp4-error");
}

TEST(LocalTable, OneTakesAPortOrProtocol) {
    Net net;
    const graph::Graph& graph = net.bench.graph();
    const graph::NodeId one = net.bench.collector("one");
    const graph::NodeId two = net.bench.collector("two");
    LocalTable table;
    EXPECT_EQ(table.udp_port(53), graph::no_node);
    EXPECT_TRUE(table.register_udp_port(graph, 53, one).ok());
    EXPECT_EQ(table.udp_port(53), one);
    EXPECT_EQ(table.register_udp_port(graph, 53, two).message(),
              "UDP port 53 is taken by node 'one' already");
    EXPECT_TRUE(table.register_protocol(graph, wire::IpProtocol::gre, two).ok());
    EXPECT_EQ(table.register_protocol(graph, wire::IpProtocol::gre, one).message(),
              "IP protocol 47 is taken by node 'two' already");
    table.unregister_udp_port(53);
    table.unregister_protocol(wire::IpProtocol::gre);
    EXPECT_EQ(table.udp_port(53), graph::no_node);
    EXPECT_EQ(table.protocol(wire::IpProtocol::gre), graph::no_node);
    EXPECT_TRUE(table.register_udp_port(graph, 53, two).ok());
    EXPECT_EQ(table.udp_port(53), two);
}

}  // namespace
}  // namespace vnet::ip4
