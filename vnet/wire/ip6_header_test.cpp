// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip6_header.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/testing/packets.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::ip6;
using testing::packet;
using testing::to_hex;

TEST(Ip6Header, Fields) {
    const auto bytes = from_hex(
        "6ba12345 0054 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002");
    const auto* header = view<Ip6Header>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->version(), 6);
    EXPECT_EQ(header->traffic_class(), 0xba);
    EXPECT_EQ(header->dscp(), 46);
    EXPECT_EQ(header->ecn(), Ecn::capable_0);
    EXPECT_EQ(header->flow_label(), 0x12345U);
    EXPECT_EQ(header->payload_length.value(), 84);
    EXPECT_EQ(header->total_length(), 124U);
    EXPECT_EQ(header->next_header(), IpProtocol::udp);
    EXPECT_EQ(header->hop_limit, 64);
    EXPECT_EQ(header->source, ip6("2001:db8::1"));
    EXPECT_EQ(header->destination, ip6("2001:db8::2"));
}

TEST(Ip6Header, SettersTouchOnlyTheirField) {
    Ip6Header header;
    header.version_class_flow = Be32(0xffffffff);
    header.set_dscp(0);
    EXPECT_EQ(header.version_class_flow.value(), 0xf03fffffU);
    header.set_ecn(Ecn::not_capable);
    EXPECT_EQ(header.version_class_flow.value(), 0xf00fffffU);
    header.set_flow_label(0xfff00001);
    EXPECT_EQ(header.version_class_flow.value(), 0xf0000001U);
    header.set_version(6);
    header.set_traffic_class(0xff);
    EXPECT_EQ(header.version_class_flow.value(), 0x6ff00001U);
}

TEST(Ip6Header, EveryFault) {
    const auto plain = [] { return packet().ip6(); };
    const struct {
        const char* what;
        Bytes bytes;
        Ip6Fault fault;
    } cases[] = {
        {"good", plain().payload(8).bytes(), Ip6Fault::none},
        {"no payload", plain().bytes(), Ip6Fault::none},
        {"padded", plain().payload(4).pad_to(46).bytes(), Ip6Fault::none},
        {"the longest", plain().payload(65535).bytes(), Ip6Fault::none},
        {"empty", {}, Ip6Fault::truncated},
        {"one byte short", plain().truncate(39).bytes(), Ip6Fault::truncated},
        {"version 4", plain().version(4).bytes(), Ip6Fault::version},
        {"version 7", plain().version(7).bytes(), Ip6Fault::version},
        {"cut", plain().payload(8).truncate(47).bytes(), Ip6Fault::payload_length},
        {"length beyond", plain().length(9).payload(8).bytes(), Ip6Fault::payload_length},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(check_ip6(c.bytes), c.fault) << c.what << ": " << name(check_ip6(c.bytes));
    }
}

TEST(Ip6Header, HopLimit) {
    for (const int limit : {0, 1, 2, 255}) {
        Ip6Header header;
        header.hop_limit = static_cast<std::uint8_t>(limit);
        EXPECT_EQ(decrement_hop_limit(header), limit > 1);
        EXPECT_EQ(header.hop_limit, limit > 1 ? limit - 1 : limit);
    }
}

// What scapy makes of the same packets.
TEST(Ip6Checksum, AgreesWithAnotherImplementation) {
    EXPECT_EQ(packet().ip6().icmp6_echo_request(1, 2).payload("ab").bytes(),
              from_hex("60000000000a3a4020010db800000000000000000000000120010db8000000000000000000"
                       "0000028000c2e0000100026162"));
    EXPECT_EQ(packet().ip6().udp(1000, 2000).payload("abc").bytes(),
              from_hex("60000000000b114020010db800000000000000000000000120010db8000000000000000000"
                       "00000203e807d0000bd448616263"));
}

TEST(Ip6Checksum, OkAndUpdate) {
    const Ip6Address source = ip6("2001:db8:ffff:1::1");
    const Ip6Address destination = ip6("fd00::ffff:2");
    for (const int size : {0, 1, 7, 8, 1400}) {
        Bytes segment = packet().ip6(source, destination).udp().payload(size).bytes();
        segment.erase(segment.begin(), segment.begin() + sizeof(Ip6Header));
        EXPECT_TRUE(l4_checksum_ok(source, destination, IpProtocol::udp, segment));
        EXPECT_FALSE(l4_checksum_ok(source, destination, IpProtocol::tcp, segment));
        EXPECT_FALSE(l4_checksum_ok(source, source, IpProtocol::udp, segment));
        auto* udp = view<UdpHeader>(segment);
        udp->checksum = update_checksum(udp->checksum, source, ip6("1:2:3:4:5:6:7:8"));
        EXPECT_TRUE(l4_checksum_ok(ip6("1:2:3:4:5:6:7:8"), destination, IpProtocol::udp, segment));
    }
}

TEST(Ip6Checksum, UdpIsNeverZero) {
    // The two octets of payload are chosen so that the sum is zero.
    Bytes segment = packet().ip6().udp().payload(2).bytes();
    segment.erase(segment.begin(), segment.begin() + sizeof(Ip6Header));
    view<UdpHeader>(segment)->checksum = Be16();
    segment[8] = segment[9] = std::byte{0};
    const auto at = [&] {
        return l4_checksum(ip6("2001:db8::1"), ip6("2001:db8::2"), IpProtocol::udp, segment);
    };
    const Be16 rest = at();
    segment[8] = static_cast<std::byte>(rest.value() >> 8);
    segment[9] = static_cast<std::byte>(rest.value());
    EXPECT_EQ(at(), Be16(0xffff)) << to_hex(segment);
}

}  // namespace
}  // namespace vnet::wire
