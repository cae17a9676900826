// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/flow_match.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::service {
namespace {

using wire::testing::Bytes;
using wire::testing::packet;
using wire::testing::prefix;
using wire::testing::prefix6;

bool matches(const FlowMatch::Flow& flow, const Bytes& bytes, uint16_t l3_offset = 0,
             uint16_t flags = 0) {
    graph::testing::Bench bench;
    graph::Packet* one = bench.packet(bytes);
    one->meta().l3_offset = l3_offset;
    one->meta().flags = flags;
    const bool answer = FlowMatch(flow).matches(*one);
    graph::free_packet(one);
    return answer;
}

TEST(FlowMatch, LooksAtAddressesProtocolAndPorts) {
    const Bytes udp = packet().ethernet().ip4("10.0.0.1", "10.1.0.2").udp(1000, 53).bytes();
    const Bytes tcp = packet().ethernet().ip4("10.0.0.1", "10.1.0.2").tcp(1000, 53).bytes();
    const Bytes icmp = packet().ethernet().ip4("10.0.0.1", "10.1.0.2").icmp(8).bytes();
    EXPECT_TRUE(matches({}, udp));
    EXPECT_TRUE(matches({.source = prefix("10.0.0.0/24")}, udp));
    EXPECT_FALSE(matches({.source = prefix("10.0.1.0/24")}, udp));
    EXPECT_TRUE(matches({.destination = prefix("10.1.0.2/32")}, udp));
    EXPECT_FALSE(matches({.destination = prefix("10.1.0.3/32")}, udp));
    EXPECT_TRUE(matches({.protocol = wire::IpProtocol::udp}, udp));
    EXPECT_FALSE(matches({.protocol = wire::IpProtocol::udp}, tcp));
    EXPECT_TRUE(matches({.destination_port = uint16_t(53)}, udp));
    EXPECT_TRUE(matches({.destination_port = uint16_t(53)}, tcp));
    EXPECT_FALSE(matches({.destination_port = uint16_t(53)}, icmp));
    EXPECT_FALSE(matches({.source_port = uint16_t(53)}, udp));
    EXPECT_TRUE(matches({.source = prefix("10.0.0.1/32"),
                         .destination = prefix("10.1.0.2/32"),
                         .protocol = wire::IpProtocol::tcp,
                         .source_port = uint16_t(1000),
                         .destination_port = uint16_t(53)},
                        tcp));
}

TEST(FlowMatch, FindsTheHeaderWhereverThePacketIs) {
    const FlowMatch::Flow flow{.source = prefix("10.0.0.1/32")};
    const Bytes frame = packet().ethernet().ip4("10.0.0.1").udp().bytes();
    EXPECT_TRUE(matches(flow, frame, 14));
    const Bytes bare = packet().ip4("10.0.0.1").udp().bytes();
    EXPECT_TRUE(matches(flow, bare, 0, graph::packet_flag::local_origin));
    EXPECT_TRUE(matches(flow, bare, 0, graph::packet_flag::bare)) << "out of a tunnel";
    EXPECT_TRUE(matches(flow, frame, 14, graph::packet_flag::bare)) << "and sent on a link";
    EXPECT_FALSE(matches(flow, bare, 0)) << "no Ethernet header";
}

TEST(FlowMatch, LooksAtIp6AsAtIp4) {
    const auto from_to = [] { return packet().ethernet().ip6("2001:db8::1", "2001:db8:1::2"); };
    const Bytes udp = from_to().udp(1000, 53).bytes();
    const Bytes hidden = from_to().hop_by_hop().destination_options().udp(1000, 53).bytes();
    const Bytes icmp = from_to().icmp6(128).bytes();
    for (const Bytes& one : {udp, hidden}) {
        EXPECT_TRUE(matches({}, one));
        EXPECT_TRUE(matches({.source = prefix6("2001:db8::/64")}, one));
        EXPECT_FALSE(matches({.source = prefix6("2001:db8:1::/64")}, one));
        EXPECT_TRUE(matches({.destination = prefix6("2001:db8:1::2/128")}, one));
        EXPECT_FALSE(matches({.destination = prefix6("2001:db8:1::3/128")}, one));
        EXPECT_FALSE(matches({.source = prefix("0.0.0.0/0")}, one)) << "of the other family";
        EXPECT_TRUE(matches({.protocol = wire::IpProtocol::udp}, one));
        EXPECT_FALSE(matches({.protocol = wire::IpProtocol::tcp}, one));
        EXPECT_TRUE(
            matches({.source_port = uint16_t(1000), .destination_port = uint16_t(53)}, one));
        EXPECT_FALSE(matches({.source_port = uint16_t(53)}, one));
    }
    EXPECT_FALSE(matches({.source = prefix6("::/0")}, packet().ethernet().ip4().udp().bytes()));
    EXPECT_TRUE(matches({.protocol = wire::IpProtocol::icmp}, icmp));
    EXPECT_TRUE(matches({.protocol = wire::IpProtocol::icmp6}, icmp));
    EXPECT_FALSE(matches({.destination_port = uint16_t(53)}, icmp));
    EXPECT_FALSE(matches({.source_port = uint16_t(1000)},
                         from_to().fragment_header(8, false).udp(1000, 53).bytes()));
    for (size_t size = 15; size < hidden.size() - 4; ++size) {
        EXPECT_FALSE(matches({.source_port = uint16_t(1000)},
                             Bytes(hidden.begin(), hidden.begin() + long(size))))
            << size;
    }
}

TEST(FlowMatch, TakesAnyBytes) {
    const FlowMatch::Flow flow{.source_port = uint16_t(1000)};
    const Bytes frame = packet().ethernet().ip4().udp(1000, 1).bytes();
    for (size_t size = 1; size < 38; ++size) {
        EXPECT_FALSE(matches(flow, Bytes(frame.begin(), frame.begin() + long(size)))) << size;
    }
    EXPECT_FALSE(matches(flow, packet().ethernet().ip4().fragment(8, true).udp(1000, 1).bytes()));
    EXPECT_FALSE(matches(
        flow,
        packet().ethernet().arp_request("02:00:00:00:00:01", "10.0.0.1", "10.0.0.2").bytes()));
    EXPECT_FALSE(matches(flow, packet().ethernet().ip4().header_words(15).udp(1000, 1).bytes()));
}

TEST(FlowMatch, ProtocolsAndPortsAreRead) {
    EXPECT_EQ(*parse_protocol("tcp"), wire::IpProtocol::tcp);
    EXPECT_EQ(*parse_protocol("icmp6"), wire::IpProtocol::icmp6);
    EXPECT_EQ(*parse_protocol("89"), wire::IpProtocol::ospf);
    for (const char* bad : {"", "256", "-1", "tcp ", "0x6", "ospf"}) {
        EXPECT_EQ(parse_protocol(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
    }
    EXPECT_EQ(*check_port(65535, "source"), 65535);
    EXPECT_EQ(check_port(65536, "source").status().message(),
              "source port 65536 is out of range; ports are 0 to 65535");
}

}  // namespace
}  // namespace vnet::service
