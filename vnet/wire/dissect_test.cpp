// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/dissect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using ::testing::HasSubstr;
using testing::packet;
using testing::PacketMaker;

PacketMaker ip_packet() {
    return packet().ip4();
}
std::string describe_ip(const PacketMaker& maker) {
    return describe(maker.bytes(), FirstLayer::ip4);
}

TEST(Describe, WholeFrames) {
    constexpr const char* a = "02:00:00:00:00:01";
    const std::string ethernet = "ethernet 02:00:00:00:00:01 -> 02:00:00:00:00:02 | ";
    EXPECT_EQ(describe(packet().ethernet().ip4().icmp_echo_request(7, 3).payload(56).bytes()),
              ethernet +
                  "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 84 | icmp echo-request id 7 "
                  "sequence 3");
    EXPECT_EQ(describe(packet().ethernet().vlan(10, 5).ip4().udp(1000, 53).payload(4).bytes()),
              ethernet +
                  "vlan 10 priority 5 | ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 32 | udp "
                  "1000 -> 53 length 12");
    EXPECT_EQ(describe(packet()
                           .ethernet()
                           .qinq()
                           .vlan(10)
                           .vlan(20)
                           .arp_request(a, "10.0.0.1", "10.0.0.2")
                           .bytes()),
              ethernet + "vlan 10 qinq | vlan 20 | arp request 10.0.0.1 asks for 10.0.0.2");
    EXPECT_EQ(
        describe(packet().ethernet().arp_reply(a, "10.0.0.1", a, "10.0.0.2").pad_to().bytes()),
        ethernet + "arp reply 10.0.0.1 is at 02:00:00:00:00:01");
    EXPECT_EQ(describe(packet().ethernet().type(0x9999).payload(46).bytes()),
              ethernet + "data type 0x9999 46 bytes");
    EXPECT_EQ(describe(packet().ethernet().type(0x8847).payload(40).bytes()),
              ethernet + "data mpls 40 bytes");
    EXPECT_EQ(describe(packet().ethernet().type(3).payload(46).bytes()),
              ethernet + "data llc 3 bytes");
}

TEST(Describe, Arp) {
    constexpr const char* a = "02:00:00:00:00:01";
    EXPECT_THAT(describe(packet().ethernet().arp_request(a, "0.0.0.0", "10.0.0.2").bytes()),
                HasSubstr("arp request 02:00:00:00:00:01 probes 10.0.0.2"));
    EXPECT_THAT(describe(packet().ethernet().arp_request(a, "10.0.0.1", "10.0.0.1").bytes()),
                HasSubstr("arp request 10.0.0.1 is at 02:00:00:00:00:01"));
    EXPECT_THAT(
        describe(packet().ethernet().arp_request(a, "10.0.0.1", "10.0.0.1").poke(7, 9).bytes()),
        HasSubstr("arp operation 9 10.0.0.1 is at 02:00:00:00:00:01 (malformed: "
                  "operation)"));
    EXPECT_THAT(
        describe(packet().ethernet().arp_request(a, "10.0.0.1", "10.0.0.1").truncate(30).bytes()),
        HasSubstr("arp (truncated: 16 of 28 bytes)"));
}

TEST(Describe, Ip4) {
    EXPECT_EQ(describe_ip(ip_packet().dscp(46).protocol(IpProtocol::esp).payload(10)),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 30 dscp 46 | data esp 10 bytes");
    EXPECT_EQ(describe_ip(ip_packet().protocol(IpProtocol{200}).payload(10)),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 30 | data protocol 200 10 bytes");
    EXPECT_EQ(describe_ip(ip_packet().identification(9).fragment(0, true).udp().payload(16)),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 44 id 9 fragment 0+ | udp 1000 -> 2000 "
              "length 24");
    EXPECT_EQ(describe_ip(ip_packet()
                              .identification(9)
                              .fragment(24, false)
                              .protocol(IpProtocol::udp)
                              .payload(16)),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 36 id 9 fragment 24 | data fragment of udp "
              "16 bytes");
    EXPECT_EQ(describe_ip(ip_packet().options(from_hex("94040000"))),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 24 option 148 | data experimental 0 bytes");
    EXPECT_EQ(describe_ip(ip_packet().ip4("1.1.1.1", "2.2.2.2").udp()),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 48 | ip4 1.1.1.1 -> 2.2.2.2 ttl 64 length 28 "
              "| udp 1000 -> 2000 length 8");
}

TEST(Describe, FaultsAreNamed) {
    EXPECT_THAT(describe_ip(ip_packet().bad_checksum().udp()),
                HasSubstr("28 (bad checksum) | udp"));
    EXPECT_THAT(describe_ip(ip_packet().version(5).udp()), HasSubstr("(malformed: version)"));
    EXPECT_THAT(describe_ip(ip_packet().length(3).udp()), HasSubstr("(malformed: total-length)"));
    EXPECT_THAT(describe_ip(ip_packet().udp().payload(50).truncate(40)),
                HasSubstr("(truncated: 40 of 78 bytes) | udp 1000 -> 2000 length 58"));
    EXPECT_THAT(describe_ip(ip_packet().options(from_hex("07000000"))),
                HasSubstr("(malformed: option at octet 21)"));
    EXPECT_THAT(describe_ip(ip_packet().fragment(65528, false).payload(60)),
                HasSubstr("(malformed: fragment-overrun)"));
    EXPECT_THAT(describe_ip(ip_packet().udp().bad_checksum()), HasSubstr("8 (bad checksum)"));
    EXPECT_THAT(describe_ip(ip_packet().udp().length(9)), HasSubstr("(malformed: length)"));
    EXPECT_THAT(describe_ip(ip_packet().tcp().bad_checksum()), HasSubstr("(bad checksum)"));
    EXPECT_THAT(describe_ip(ip_packet().tcp().truncate(30)), HasSubstr("(truncated: 10 of 20"));
    EXPECT_THAT(describe_ip(ip_packet().icmp_echo_reply().bad_checksum()),
                HasSubstr("(bad checksum)"));
    EXPECT_EQ(describe_ip(ip_packet().udp().checksum(0)),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 28 | udp 1000 -> 2000 length 8");
}

TEST(Describe, Tcp) {
    EXPECT_THAT(describe_ip(ip_packet()
                                .tcp(1, 2, TcpFlags::syn | TcpFlags::ack)
                                .sequence(5)
                                .acknowledgment(6)
                                .window(7)
                                .options(from_hex("020405b4"))),
                HasSubstr("tcp 1 -> 2 syn,ack sequence 5 acknowledgment 6 window 7"));
    EXPECT_THAT(describe_ip(ip_packet().tcp(1, 2, TcpFlags::none)),
                HasSubstr("tcp 1 -> 2 none sequence 0 window 65535"));
}

TEST(Describe, IcmpErrorsAndWhatTheyQuote) {
    const Bytes quote = packet().ip4("10.9.9.9", "10.8.8.8").tcp(1234, 80).truncate(28).bytes();
    EXPECT_EQ(describe_ip(ip_packet()
                              .icmp_unreachable(Icmp4Unreachable::fragmentation_needed, 1400)
                              .payload(quote)),
              "ip4 10.0.0.1 -> 10.0.0.2 ttl 64 length 56 | icmp unreachable fragmentation-needed "
              "mtu 1400 | about ip4 10.9.9.9 -> 10.8.8.8 ttl 64 length 40 | tcp 1234 -> 80 "
              "(truncated: 8 of 20 bytes)");
    EXPECT_THAT(describe_ip(ip_packet().icmp_redirect("10.0.0.254").payload(quote)),
                HasSubstr("icmp redirect to 10.0.0.254 | about ip4"));
    EXPECT_THAT(describe_ip(ip_packet().icmp_parameter_problem(21).payload(quote)),
                HasSubstr("icmp parameter-problem at octet 21 | about ip4"));
    EXPECT_THAT(describe_ip(ip_packet().icmp_time_exceeded(Icmp4TimeExceeded::reassembly)),
                HasSubstr("icmp time-exceeded code 1"));
    EXPECT_THAT(describe_ip(ip_packet().icmp(99, 1)), HasSubstr("icmp type 99 code 1"));
}

TEST(Describe, AnErrorAboutAnErrorEnds) {
    Bytes bytes = packet().ip4().icmp_time_exceeded().bytes();
    for (int i = 0; i < 100; ++i) {
        bytes = packet().ip4().icmp_time_exceeded().payload(bytes).bytes();
    }
    EXPECT_EQ(dissect(bytes, FirstLayer::ip4).size(), 4U);
}

TEST(Describe, NestingIsBounded) {
    PacketMaker tags = packet().ethernet();
    PacketMaker tunnels = packet();
    for (int i = 0; i < 1000; ++i) {
        tags.vlan(1);
        tunnels.ip4();
    }
    EXPECT_EQ(dissect(tags.bytes()).size(), 16U);
    EXPECT_EQ(dissect(tunnels.bytes(), FirstLayer::ip4).size(), 16U);
    EXPECT_THAT(describe(tags.bytes()), HasSubstr("data more headers 3944 bytes"));
}

TEST(Dissect, FieldsForJson) {
    const auto layers = dissect(packet().ethernet().vlan(7).ip4().ttl(3).udp(1, 2).bytes());
    ASSERT_EQ(layers.size(), 4U);
    EXPECT_EQ(layers[0].name, "ethernet");
    EXPECT_EQ(layers[1].name, "vlan");
    EXPECT_EQ(layers[2].name, "ip4");
    EXPECT_EQ(layers[3].name, "udp");
    const auto value = [](const Layer& layer, std::string_view field) -> std::string {
        for (const Field& f : layer.fields) {
            if (f.name == field) {
                return f.value;
            }
        }
        return "absent";
    };
    EXPECT_EQ(value(layers[0], "type"), "0x8100");
    EXPECT_EQ(value(layers[1], "id"), "7");
    EXPECT_EQ(value(layers[1], "drop-eligible"), "false");
    EXPECT_EQ(value(layers[2], "ttl"), "3");
    EXPECT_EQ(value(layers[2], "protocol"), "udp");
    EXPECT_EQ(value(layers[2], "fault"), "absent");
    EXPECT_EQ(value(layers[3], "source-port"), "1");
}

TEST(Dissect, QuotedLayersAreMarked) {
    const Bytes quote = packet().ip4().udp().bytes();
    const auto layers =
        dissect(packet().ip4().icmp_time_exceeded().payload(quote).bytes(), FirstLayer::ip4);
    ASSERT_EQ(layers.size(), 4U);
    EXPECT_FALSE(layers[1].quoted);
    EXPECT_TRUE(layers[2].quoted && layers[3].quoted);
}

TEST(Describe, AnyTruncationIsPrintable) {
    const Bytes quote = packet().ip4().tcp().bytes();
    const Bytes frames[] = {
        packet().ethernet().vlan(1).arp_request("02:00:00:00:00:01", "1.2.3.4", "4.3.2.1").bytes(),
        packet().ethernet().ip4().options(from_hex("94040000")).tcp().payload(9).bytes(),
        packet().ethernet().ip4().udp().payload(9).bytes(),
        packet().ethernet().ip4().icmp_unreachable(Icmp4Unreachable::port).payload(quote).bytes(),
    };
    for (const Bytes& frame : frames) {
        for (std::size_t size = 0; size <= frame.size(); ++size) {
            const Bytes part(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
            const std::string line = describe(part);
            EXPECT_FALSE(line.empty());
            EXPECT_EQ(line.find('\n'), std::string::npos);
        }
    }
    EXPECT_EQ(describe({}), "ethernet (truncated: 0 of 14 bytes)");
    EXPECT_EQ(describe({}, FirstLayer::ip4), "ip4 (truncated: 0 of 20 bytes)");
}

}  // namespace
}  // namespace vnet::wire
