// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp4/error.hpp"

#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <cstring>

#include "vnet/ip4/testing/net.hpp"

namespace vnet::icmp4 {
namespace {

using ip4::testing::Bytes;
using ip4::testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

std::unique_ptr<Net> make(Error::Limit limit = {1'000'000'000, 1'000'000}) {
    auto net = std::make_unique<Net>();
    net->add_error(limit);
    net->start();
    return net;
}
PacketMaker from(wire::testing::IpArgument source, wire::testing::IpArgument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip4(source, destination);
}
PacketMaker good() {
    return from("10.0.0.2", "20.0.0.1");
}

Net::Change asking(Net& net, wire::Icmp4Type type, uint8_t code, uint32_t rest) {
    return [&net, type, code, rest](graph::Packet& one) { ask(*net.slot, one, type, code, rest); };
}

/// The error, byte by byte and with sums of its own: nothing here comes from the code under test or
/// from wire/.
Bytes by_hand(const Bytes& frame, uint8_t type, uint8_t code, uint32_t rest) {
    Bytes quote(frame.begin() + 14, frame.end());
    quote.resize(std::min<size_t>(quote.size(), 576 - 28));
    const auto size = uint16_t(quote.size() + 28);
    std::vector<unsigned> out = {0x45,
                                 0xc0,
                                 unsigned(size) >> 8,
                                 size & 0xffU,
                                 0,
                                 0,
                                 0,
                                 0,
                                 64,
                                 1,
                                 0,
                                 0,
                                 10,
                                 0,
                                 0,
                                 1,
                                 10,
                                 0,
                                 0,
                                 2,
                                 type,
                                 code,
                                 0,
                                 0,
                                 rest >> 24,
                                 rest >> 16 & 0xff,
                                 rest >> 8 & 0xff,
                                 rest & 0xff};
    for (const std::byte byte : quote) {
        out.push_back(unsigned(byte));
    }
    const auto put_sum = [&](size_t begin, size_t end, size_t at) {
        unsigned sum = 0;
        for (size_t i = begin; i < end; ++i) {
            sum += (i - begin) % 2 == 0 ? out[i] << 8 : out[i];
        }
        sum = (sum & 0xffff) + (sum >> 16);
        sum = ~((sum & 0xffff) + (sum >> 16));
        out[at] = sum >> 8 & 0xff;
        out[at + 1] = sum & 0xff;
    };
    put_sum(0, 20, 10);
    put_sum(20, out.size(), 22);
    Bytes bytes;
    for (const unsigned value : out) {
        bytes.push_back(std::byte(value));
    }
    return bytes;
}

TEST(Icmp4Error, BytesAreRight) {
    struct Way {
        wire::Icmp4Type type;
        uint8_t code;
        uint32_t rest;
        int payload;
    };
    using enum wire::Icmp4Type;
    // 520 bytes of payload are the most that is quoted whole; odd lengths need padding in the sum.
    for (const Way& way :
         {Way{unreachable, 0, 0, 0}, Way{unreachable, 4, 1400, 519}, Way{unreachable, 13, 0, 520},
          Way{time_exceeded, 0, 0, 521}, Way{redirect, 1, 0x0a000007, 1400},
          Way{parameter_problem, 0, 0x16000000, 33}}) {
        const Bytes in = good().udp().payload(way.payload).bytes();
        const Bytes expected = by_hand(in, uint8_t(way.type), way.code, way.rest);
        EXPECT_LE(expected.size(), 576u);
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = make();
            for (const auto& result : net->run("icmp4-error", in, burst, Net::lan,
                                               asking(*net, way.type, way.code, way.rest))) {
                ASSERT_EQ(result.next, "ip4-lookup");
                ASSERT_EQ(wire::testing::hex_dump(result.bytes), wire::testing::hex_dump(expected));
                ASSERT_TRUE(result.meta.has(graph::packet_flag::local_origin));
                ASSERT_EQ(result.meta.l3_offset, 0);
                ASSERT_EQ(result.meta.l4_offset, 20);
                ASSERT_EQ(result.meta.flow_hash, 0u);
            }
        }
    }
}

TEST(Icmp4Error, IsSentFromTheInterfaceThatThePacketCameBy) {
    const auto net = make();
    const auto result = net->run("icmp4-error", good().udp().bytes(), 1, Net::wan,
                                 asking(*net, wire::Icmp4Type::time_exceeded, 0, 0));
    EXPECT_EQ(result.at(0).bytes, packet()
                                      .ip4("10.1.0.1", "10.0.0.2")
                                      .dscp(48)
                                      .icmp_time_exceeded()
                                      .payload(ip4::testing::without_ethernet(good().udp().bytes()))
                                      .bytes());
}

TEST(Icmp4Error, IsNotSentAboutSome) {
    struct Way {
        const char* what;
        Bytes in;
        const char* drop;
        uint16_t flags = 0;
        interface::Index interface = Net::lan;
    };
    std::vector<Way> ways = {
        {"too short for a header", good().truncate(33).bytes(), "about-source"},
        {"from the zero address", from("0.0.0.0", "20.0.0.1").udp().bytes(), "about-source"},
        {"from loopback", from("127.0.0.1", "20.0.0.1").udp().bytes(), "about-source"},
        {"from a group", from("224.0.0.1", "20.0.0.1").udp().bytes(), "about-source"},
        {"from the broadcast address", from("255.255.255.255", "20.0.0.1").udp().bytes(),
         "about-source"},
        {"in a link broadcast", good().udp().bytes(), "about-group", graph::packet_flag::l2_group},
        {"to a group", from("10.0.0.2", "224.0.0.9").udp().bytes(), "about-group"},
        {"to the broadcast address", from("10.0.0.2", "255.255.255.255").udp().bytes(),
         "about-group"},
        {"a later fragment", good().fragment(8, true).udp().bytes(), "about-fragment"},
        {"the last fragment", good().fragment(1480, false).udp().bytes(), "about-fragment"},
        {"an ICMP message cut short", good().icmp_echo_request().truncate(14 + 20 + 7).bytes(),
         "about-icmp-error"},
        {"on an interface without address", good().udp().bytes(), "no-source-address", 0, 9},
        {"on no interface", good().udp().bytes(), "no-source-address", 0, graph::no_interface}};
    for (const unsigned type : {3U, 4U, 5U, 11U, 12U, 1U, 6U, 19U, 40U, 255U}) {
        ways.push_back({"an ICMP error, or what may be one", good().icmp(uint8_t(type)).bytes(),
                        "about-icmp-error"});
    }
    for (const Way& way : ways) {
        SCOPED_TRACE(way.what);
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = make();
            const auto change = [&](graph::Packet& one) {
                asking(*net, wire::Icmp4Type::unreachable, 1, 0)(one);
                one.meta().flags |= way.flags;
            };
            const auto results = net->run("icmp4-error", way.in, burst, way.interface, change);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
                ASSERT_EQ(result.bytes, way.in);
            }
            EXPECT_EQ(net->bench.drops("icmp4-error", way.drop), burst);
        }
    }
}

TEST(Icmp4Error, IsSentAboutOthers) {
    std::vector<Bytes> packets = {
        good().fragment(0, true).udp().bytes(), good().tcp().bytes(),
        good().protocol(wire::IpProtocol::gre).bytes(),
        good().options(wire::testing::from_hex("94 04 00 00")).icmp(8).bytes()};
    for (const unsigned type : {0U, 8U, 9U, 10U, 13U, 14U, 15U, 16U, 17U, 18U}) {
        packets.push_back(good().icmp(uint8_t(type)).bytes());
    }
    for (const Bytes& in : packets) {
        const auto net = make();
        const auto result = net->run("icmp4-error", in, 1, Net::lan,
                                     asking(*net, wire::Icmp4Type::unreachable, 1, 0));
        EXPECT_EQ(result.at(0).next, "ip4-lookup") << wire::testing::hex_dump(in);
        EXPECT_EQ(result.at(0).bytes, by_hand(in, 3, 1, 0));
    }
}

TEST(Icmp4Error, QuotesTheFirstSegmentOfMany) {
    for (const size_t first : {size_t(60), size_t(562), size_t(563), size_t(700)}) {
        const auto net = make();
        const Bytes whole = good().udp().payload(1200).bytes();
        const Bytes head(whole.begin(), whole.begin() + long(first));
        const Bytes tail(whole.begin() + long(first), whole.end());
        const auto result = net->run("icmp4-error", head, 1, Net::lan, [&](graph::Packet& one) {
            net->append_segment(one, tail);
            asking(*net, wire::Icmp4Type::time_exceeded, 0, 0)(one);
        });
        EXPECT_EQ(wire::testing::hex_dump(result.at(0).bytes),
                  wire::testing::hex_dump(by_hand(head, 11, 0, 0)));
    }
}

TEST(Icmp4Error, NeedsRoomInFront) {
    const auto net = make();
    const Bytes in = good().udp().bytes();
    for (const unsigned headroom : {13U, 14U}) {
        const auto result = net->run("icmp4-error", in, 1, Net::lan, [&](graph::Packet& one) {
            std::memmove(static_cast<std::byte*>(one.mbuf()->buf_addr) + headroom, one.data(),
                         in.size());
            one.mbuf()->data_off = uint16_t(headroom);
            asking(*net, wire::Icmp4Type::time_exceeded, 0, 0)(one);
        });
        EXPECT_EQ(result.at(0).drop, headroom < 14 ? "no-headroom" : "");
    }
}

TEST(Icmp4Error, BurstThenRate) {
    // One a second: within the test no more than the burst passes, unless it is stopped for a
    // second.
    const auto net = make({1, 20});
    const Bytes in = good().udp().bytes();
    const auto passed = [&](Net& on, unsigned count) {
        unsigned sum = 0;
        for (const auto& result : on.run("icmp4-error", in, count, Net::lan,
                                         asking(on, wire::Icmp4Type::time_exceeded, 0, 0))) {
            EXPECT_TRUE(result.next == "ip4-lookup" || result.drop == "rate-limited");
            sum += result.next == "ip4-lookup";
        }
        return sum;
    };
    EXPECT_EQ(passed(*net, 256), 20u);
    EXPECT_EQ(net->bench.drops("icmp4-error", "rate-limited"), 236u);

    const auto fast = make({200, 3});
    EXPECT_EQ(passed(*fast, 63), 3u);
    const uint64_t begin = rte_rdtsc();
    unsigned more = 0;
    while (more < 10 && rte_rdtsc() - begin < 10 * rte_get_tsc_hz()) {
        more += passed(*fast, 1);
    }
    EXPECT_EQ(more, 10u);
    // Each took five milliseconds to come; one may have been half there.
    EXPECT_GE(rte_rdtsc() - begin, 9 * rte_get_tsc_hz() / 200);
}

}  // namespace
}  // namespace vnet::icmp4
