// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/wire/dissect.hpp"
#include "vnet/wire/nd.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using ::testing::HasSubstr;
using testing::ip6;
using testing::mac;
using ::testing::Not;
using testing::packet;
using testing::PacketMaker;
using testing::prefix6;

std::string describe_ip6(const PacketMaker& maker) {
    return describe(maker.bytes(), FirstLayer::ip6);
}
PacketMaker ip() {
    return packet().ip6();
}
/// How every plain packet begins.
std::string between(int length) {
    return "ip6 2001:db8::1 -> 2001:db8::2 hop-limit 64 length " + std::to_string(length);
}

TEST(DescribeIp6, WholeFrames) {
    EXPECT_EQ(describe(packet().ethernet().ip6().icmp6_echo_request(7, 3).payload(56).bytes()),
              "ethernet 02:00:00:00:00:01 -> 02:00:00:00:00:02 | " + between(104) +
                  " | icmp6 echo-request id 7 sequence 3");
    EXPECT_EQ(describe_ip6(ip().dscp(46).udp(1000, 53).payload(4)),
              between(52) + " dscp 46 | udp 1000 -> 53 length 12");
    EXPECT_EQ(describe_ip6(ip().protocol(IpProtocol::no_next_header)),
              between(40) + " | data no-next-header 0 bytes");
    EXPECT_EQ(describe_ip6(ip().protocol(IpProtocol::esp).payload(10)),
              between(50) + " | data esp 10 bytes");
}

TEST(DescribeIp6, Tunnels) {
    EXPECT_EQ(
        describe_ip6(ip().ip4().udp()),
        between(68) + " | ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 28 | udp 1000 -> 2000 length 8");
    EXPECT_EQ(describe(packet().ip4().ip6().udp().bytes(), FirstLayer::ip4),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 68 | " + between(48) +
                  " | udp 1000 -> 2000 length 8");
}

TEST(DescribeIp6, ExtensionHeaders) {
    EXPECT_EQ(describe_ip6(ip().hop_by_hop(from_hex("05020000"))
                               .destination_options()
                               .routing(2, 0, Bytes(20))
                               .authentication(24)
                               .tcp(1, 2)),
              between(124) +
                  " | hop-by-hop option 5 | destination-options | routing type 2 segments-left 0 | "
                  "ah | tcp 1 -> 2 syn sequence 0 window 65535");
    EXPECT_EQ(describe_ip6(ip().fragment_header(0, true, 9).udp().payload(16)),
              between(72) + " | fragment id 9 offset 0+ | udp 1000 -> 2000 length 24");
    EXPECT_EQ(describe_ip6(ip().fragment_header(24, false, 9).protocol(IpProtocol::udp).payload(5)),
              between(53) + " | fragment id 9 offset 24 | data fragment of udp 5 bytes");
}

TEST(DescribeIp6, FaultsAreNamed) {
    EXPECT_EQ(describe_ip6(ip().truncate(39)), "ip6 (truncated: 39 of 40 bytes)");
    EXPECT_EQ(describe_ip6(ip().version(4).udp()), between(48) + " (malformed: version)");
    EXPECT_EQ(describe_ip6(ip().udp().payload(50).truncate(60)),
              between(98) + " (truncated: 60 of 98 bytes) | udp 1000 -> 2000 length 58");
    EXPECT_EQ(describe_ip6(ip().destination_options().hop_by_hop().udp()),
              between(64) +
                  " (malformed: hop-by-hop-order) | destination-options | data hop-by-hop 16 "
                  "bytes");
    EXPECT_THAT(describe_ip6(ip().hop_by_hop(from_hex("05ff0000")).udp()),
                HasSubstr("hop-by-hop (malformed: option at octet 43)"));
    EXPECT_THAT(describe_ip6(ip().destination_options().length(9).payload(0)),
                HasSubstr("(malformed: extension-truncated) | data destination-options 8 bytes"));
    EXPECT_THAT(describe_ip6(ip().udp().bad_checksum()), HasSubstr("8 (bad checksum)"));
    EXPECT_THAT(describe_ip6(ip().udp().checksum(0)), HasSubstr("8 (no checksum)"));
    EXPECT_THAT(describe_ip6(ip().udp().length(9)), HasSubstr("(malformed: length)"));
    EXPECT_THAT(describe_ip6(ip().tcp().bad_checksum()), HasSubstr("(bad checksum)"));
    EXPECT_THAT(describe_ip6(ip().icmp6_echo_reply().bad_checksum()), HasSubstr("(bad checksum)"));
    EXPECT_THAT(describe_ip6(ip().icmp6_echo_reply().truncate(47)),
                HasSubstr("icmp6 (truncated: 7 of 8 bytes)"));
    EXPECT_THAT(describe_ip6(ip().routing(4, 1, Bytes(20)).udp().bad_checksum()),
                Not(HasSubstr("bad checksum")))
        << "the final destination is not known";
}

TEST(DescribeIp6, Errors) {
    const Bytes quote = packet().ip6("2001:db8::9", "2001:db8::8").tcp(5, 80).truncate(48).bytes();
    EXPECT_EQ(describe_ip6(ip().icmp6_packet_too_big(1280).payload(quote)),
              between(96) +
                  " | icmp6 packet-too-big mtu 1280 | about ip6 2001:db8::9 -> 2001:db8::8 "
                  "hop-limit 64 length 60 | tcp 5 -> 80 (truncated: 8 of 20 bytes)");
    EXPECT_THAT(describe_ip6(ip().icmp6_unreachable(Icmp6Unreachable::port).payload(quote)),
                HasSubstr("icmp6 unreachable port | about ip6"));
    EXPECT_THAT(
        describe_ip6(ip().icmp6_parameter_problem(Icmp6ParameterProblem::unknown_next_header, 40)),
        HasSubstr("icmp6 parameter-problem unknown-next-header at octet 40"));
    EXPECT_THAT(describe_ip6(ip().icmp6_time_exceeded(Icmp6TimeExceeded::reassembly)),
                HasSubstr("icmp6 time-exceeded code 1"));
    EXPECT_THAT(describe_ip6(ip().icmp6(200, 3)), HasSubstr("icmp6 type 200 code 3"));
}

TEST(DescribeIp6, NeighborDiscovery) {
    const auto source = [](NdOptionsWriter& out) {
        out.link_address(NdOptionType::source_link_address, mac("02:00:00:00:00:01"));
    };
    EXPECT_THAT(describe_ip6(packet()
                                 .ip6("fe80::1", "ff02::1:ff00:2")
                                 .neighbor_solicitation("fe80::2")
                                 .nd_options(source)),
                HasSubstr("icmp6 neighbor-solicitation asks for fe80::2 source-link-address "
                          "02:00:00:00:00:01"));
    EXPECT_THAT(describe_ip6(ip().neighbor_advertisement("fe80::2", 0xe0)),
                HasSubstr("icmp6 neighbor-advertisement fe80::2 router solicited override"));
    EXPECT_THAT(describe_ip6(ip().nd_redirect("fe80::2", "2001:db8::9")),
                HasSubstr("icmp6 redirect 2001:db8::9 to fe80::2"));
    EXPECT_THAT(describe_ip6(ip().router_solicitation().append(from_hex("0100"))),
                HasSubstr("icmp6 router-solicitation (malformed: option)"));
    EXPECT_THAT(describe_ip6(ip().neighbor_solicitation("fe80::2").truncate(63)),
                HasSubstr("(truncated: 23 of 24 bytes)"));
    const std::string advertised =
        describe_ip6(ip().router_advertisement(1800, 0xc8).nd_options([](NdOptionsWriter& out) {
            const Ip6Address server = ip6("2001:db8::53");
            out.mtu(1500)
                .prefix_information(prefix6("2001:db8:1::/64"), 0xc0, infinite_lifetime_s, 14400)
                .dns_servers({&server, 1}, 600)
                .route_information(prefix6("2001:db8:2::/48"), RouterPreference::low, 900)
                .nonce(Bytes(6));
        }));
    EXPECT_THAT(advertised,
                HasSubstr("router-advertisement lifetime 1800 managed other preference high mtu "
                          "1500 prefix 2001:db8:1::/64 on-link autonomous valid infinite preferred "
                          "14400 dns-servers 2001:db8::53 lifetime 600 route 2001:db8:2::/48 low "
                          "lifetime 900 nonce"));
}

TEST(DissectIp6, FieldsForJson) {
    const auto layers = dissect(packet().ethernet().ip6().flow_label(0x12345).udp(1, 2).bytes());
    ASSERT_EQ(layers.size(), 3U);
    EXPECT_EQ(layers[1].name, "ip6");
    std::string fields;
    for (const Field& field : layers[1].fields) {
        fields += std::string(field.name) + "=" + field.value + " ";
    }
    EXPECT_EQ(fields,
              "source=2001:db8::1 destination=2001:db8::2 hop-limit=64 length=48 next-header=udp "
              "dscp=0 ecn=0 flow-label=74565 ");
}

TEST(DescribeIp6, NestingIsBounded) {
    PacketMaker tunnels = packet();
    for (int i = 0; i < 100; ++i) {
        tunnels.ip6().destination_options();
    }
    EXPECT_LE(dissect(tunnels.bytes(), FirstLayer::ip6).size(), 16U);
    Bytes bytes = packet().ip6().icmp6_time_exceeded().bytes();
    for (int i = 0; i < 50; ++i) {
        bytes = packet().ip6().icmp6_time_exceeded().payload(bytes).bytes();
    }
    EXPECT_EQ(dissect(bytes, FirstLayer::ip6).size(), 4U);
}

TEST(DescribeIp6, AnyTruncationIsPrintable) {
    const Bytes frames[] = {
        packet().ethernet().ip6().hop_by_hop().routing(0, 1, Bytes(20)).udp().payload(9).bytes(),
        packet().ethernet().ip6().fragment_header(0, true).authentication().tcp().bytes(),
        packet()
            .ethernet()
            .ip6()
            .icmp6_unreachable(Icmp6Unreachable::port)
            .payload(packet().ip6().tcp().bytes())
            .bytes(),
        packet()
            .ethernet()
            .ip6()
            .router_advertisement()
            .nd_options([](NdOptionsWriter& out) { out.mtu(1500).nonce(Bytes(6)); })
            .bytes(),
    };
    for (const Bytes& frame : frames) {
        for (std::size_t size = 0; size <= frame.size(); ++size) {
            const std::string line = describe(std::span(frame).first(size));
            EXPECT_FALSE(line.empty());
            EXPECT_EQ(line.find('\n'), std::string::npos);
        }
    }
    EXPECT_EQ(describe({}, FirstLayer::ip6), "ip6 (truncated: 0 of 40 bytes)");
}

}  // namespace
}  // namespace vnet::wire
