// SPDX-License-Identifier: Apache-2.0
#include "vnet/tunnel/outer.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"
#include "vnet/wire/vxlan.hpp"

namespace vnet::tunnel {
namespace {

using wire::Ecn;
using wire::testing::Bytes;
using wire::testing::ip;
using wire::testing::ip6;
using wire::testing::packet;

constexpr uint32_t vni = 0x123456;

/// What VXLAN has behind IP.
Bytes udp_and_vxlan() {
    wire::UdpHeader udp;
    udp.destination_port = wire::Be16(wire::VxlanHeader::port);
    Bytes bytes(sizeof(udp) + sizeof(wire::VxlanHeader));
    std::memcpy(bytes.data(), &udp, sizeof(udp));
    const auto vxlan = wire::VxlanHeader::make(vni);
    std::memcpy(bytes.data() + sizeof(udp), &vxlan, sizeof(vxlan));
    return bytes;
}

class OuterTest : public ::testing::Test {
protected:
    OuterTest() { bench_.build(); }
    void lay4(const Policy& policy, wire::IpProtocol protocol = wire::IpProtocol::udp) {
        const bool is_udp = protocol == wire::IpProtocol::udp;
        lay(outer_, Ends<wire::Ip4Address>{ip("192.0.2.1"), ip("192.0.2.2"), protocol}, policy, 3,
            is_udp ? udp_and_vxlan() : Bytes());
    }
    void lay6(const Policy& policy, wire::IpProtocol protocol = wire::IpProtocol::udp) {
        const bool is_udp = protocol == wire::IpProtocol::udp;
        lay(outer_, Ends<wire::Ip6Address>{ip6("2001:db8::1"), ip6("2001:db8::2"), protocol},
            policy, 3, is_udp ? udp_and_vxlan() : Bytes());
    }
    /// What a packet is behind push(); empty where it was refused.
    Bytes push_on(const Bytes& bytes, const Inner& inner, uint32_t flow = 0x1234,
                  uint16_t identification = 77) {
        graph::Packet* made = bench_.packet(bytes);
        Bytes pushed;
        if (push(*made, outer_, inner, {flow, identification}) == Pushed::done) {
            pushed.assign(made->bytes().begin(), made->bytes().end());
        }
        graph::free_packet(made);
        return pushed;
    }

    graph::testing::Bench bench_;
    Outer outer_{};
    const Bytes frame_ = packet().ethernet().ip4().udp().payload(20).bytes();
};

Bytes with(const Bytes& header, const Bytes& rest) {
    Bytes all = header;
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}

TEST_F(OuterTest, LaysIp4AndUdpInFrontOfAFrame) {
    lay4({});
    const Bytes vxlan = with(wire::testing::from_hex("0800000012345600"), frame_);
    Bytes expected = packet()
                         .ip4("192.0.2.1", "192.0.2.2")
                         .ttl(64)
                         .dont_fragment()
                         .udp(0xd234, wire::VxlanHeader::port)
                         .payload(vxlan)
                         .bytes();
    expected[26] = expected[27] = std::byte{0};
    EXPECT_EQ(push_on(frame_, {}), expected);
    EXPECT_EQ(outer_.length, 36);
    EXPECT_EQ(outer_.vrf, 3);
}

TEST_F(OuterTest, LaysIp6AndUdpInFrontOfAFrame) {
    lay6({.dscp = 10});
    const Bytes vxlan = with(wire::testing::from_hex("0800000012345600"), frame_);
    Bytes expected = packet()
                         .ip6("2001:db8::1", "2001:db8::2")
                         .ttl(64)
                         .dscp(10)
                         .ecn(Ecn::congested)
                         .udp(0xd234, wire::VxlanHeader::port)
                         .payload(vxlan)
                         .bytes();
    expected[46] = expected[47] = std::byte{0};
    EXPECT_EQ(push_on(frame_, {.dscp_ecn = 0xff}), expected) << "its DSCP is not copied";
    EXPECT_EQ(outer_.length, 56);
}

TEST_F(OuterTest, CopiesWhatThePolicySays) {
    const auto inner = packet().ip4().dscp(46).ecn(Ecn::capable_0).ttl(9).udp().bytes();
    lay4({.ttl = std::nullopt, .dscp = std::nullopt, .dont_fragment = DontFragment::copied},
         wire::IpProtocol::ipip);
    const auto outer = [] {
        return packet()
            .ip4("192.0.2.1", "192.0.2.2")
            .protocol(wire::IpProtocol::ipip)
            .dscp(46)
            .ecn(Ecn::capable_0)
            .ttl(9);
    };
    EXPECT_EQ(push_on(inner, Inner::of(inner)), outer().identification(77).payload(inner).bytes());
    const auto whole = packet().ip4().dscp(46).ecn(Ecn::capable_0).ttl(9).dont_fragment().bytes();
    EXPECT_EQ(push_on(whole, Inner::of(whole)), outer().dont_fragment().payload(whole).bytes());
}

TEST_F(OuterTest, LeavesOneMoreHopWhereARewriteIsToCome) {
    const auto inner = packet().ip4().ttl(255).udp().bytes();
    const auto expect_ttl = [&](const Policy& policy, bool is_rewritten, unsigned ttl) {
        for (const bool is_ip6 : {false, true}) {
            is_ip6 ? lay6(policy) : lay4(policy);
            graph::Packet* made = bench_.packet(inner);
            const Sending sending{.lead = 14, .is_rewritten = is_rewritten};
            ASSERT_EQ(push(*made, outer_, Inner::of(inner), sending), Pushed::done);
            const auto outer = made->from_offset(14);
            EXPECT_EQ(uint8_t(outer[is_ip6 ? 7 : 8]), ttl);
            if (!is_ip6) {
                EXPECT_TRUE(wire::ip4_header_checksum_ok(outer));
            }
            graph::free_packet(made);
        }
    };
    expect_ttl({.ttl = 64}, false, 64);
    expect_ttl({.ttl = 64}, true, 65);
    expect_ttl({.ttl = std::nullopt}, false, 255);
    expect_ttl({.ttl = std::nullopt}, true, 255);
}

TEST_F(OuterTest, MayBeCutOnTheWayWhereThePolicySaysSo) {
    const auto inner = packet().ip4().dont_fragment().udp().bytes();
    lay4({.dont_fragment = DontFragment::clear}, wire::IpProtocol::ipip);
    EXPECT_EQ(push_on(inner, Inner::of(inner)), packet()
                                                    .ip4("192.0.2.1", "192.0.2.2")
                                                    .protocol(wire::IpProtocol::ipip)
                                                    .identification(77)
                                                    .ttl(64)
                                                    .payload(inner)
                                                    .bytes());
}

TEST_F(OuterTest, ReadsTheInnerHeaderOfEitherFamily) {
    const auto six = packet().ip6().dscp(5).ecn(Ecn::capable_1).ttl(7).bytes();
    const Inner inner = Inner::of(six);
    EXPECT_EQ(inner.dscp_ecn, 5 << 2 | 1);
    EXPECT_EQ(inner.ttl, 7);
    EXPECT_TRUE(inner.dont_fragment);
    EXPECT_EQ(Inner::of(std::span(six).first(39)).ttl, 64) << "too short to say";
    EXPECT_EQ(Inner::of({}).dscp_ecn, 0);
}

TEST_F(OuterTest, RefusesWhatIsTooLongOrHasNoRoomInFront) {
    lay4({});
    graph::Packet* made = bench_.packet(frame_);
    ASSERT_TRUE(made->move_start(-int(made->headroom()) + 63));
    EXPECT_EQ(push(*made, outer_, {}, {}), Pushed::no_headroom);
    ASSERT_TRUE(made->move_start(1));
    const uint32_t length = made->length();
    EXPECT_EQ(push(*made, outer_, {}, {}), Pushed::done);
    EXPECT_EQ(made->length(), length + 36);
    // Of many segments.
    made->mbuf()->pkt_len = 0xffff - 35;
    EXPECT_EQ(push(*made, outer_, {}, {}), Pushed::too_long);
    made->mbuf()->pkt_len = made->segment_length();
    graph::free_packet(made);
}

}  // namespace
}  // namespace vnet::tunnel
