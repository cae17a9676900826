// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp6/error.hpp"

#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <cstring>

#include "vnet/ip6/testing/net.hpp"

namespace vnet::icmp6 {
namespace {

using ip6::testing::Bytes;
using ip6::testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

std::unique_ptr<Net> make(Error::Limit limit = {1'000'000'000, 1'000'000}) {
    auto net = std::make_unique<Net>();
    net->add_error(limit);
    net->start();
    return net;
}
PacketMaker from(wire::testing::Ip6Argument source, wire::testing::Ip6Argument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip6(source, destination);
}
PacketMaker good() {
    return from("2001:db8::2", "2001:db8:20::1");
}

Net::Change asking(Net& net, wire::Icmp6Type type, uint8_t code = 0, uint32_t rest = 0) {
    return [&net, type, code, rest](graph::Packet& one) { ask(*net.slot, one, type, code, rest); };
}

/// The error from 2001:db8::1 to 2001:db8::2, byte by byte and with a sum of its own: nothing here
/// comes from the code under test or from wire/.
Bytes by_hand(const Bytes& frame, uint8_t type, uint8_t code, uint32_t rest) {
    Bytes quote(frame.begin() + 14, frame.end());
    quote.resize(std::min<size_t>(quote.size(), 1280 - 48));
    const auto size = unsigned(quote.size() + 8);
    std::vector<unsigned> out = {0x60, 0, 0, 0, size >> 8, size & 0xffU, 58, 64};
    for (const unsigned last : {1U, 2U}) {
        out.insert(out.end(), {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    }
    out.insert(out.end(),
               {type, code, 0, 0, rest >> 24, rest >> 16 & 0xff, rest >> 8 & 0xff, rest & 0xff});
    for (const std::byte byte : quote) {
        out.push_back(unsigned(byte));
    }
    // The addresses, the length and 58 are the pseudo header.
    uint64_t sum = size + 58;
    for (size_t i = 8; i < out.size(); ++i) {
        sum += i % 2 == 0 ? out[i] << 8 : out[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    out[42] = unsigned(~sum >> 8 & 0xff);
    out[43] = unsigned(~sum & 0xff);
    Bytes bytes;
    for (const unsigned value : out) {
        bytes.push_back(std::byte(value));
    }
    return bytes;
}

TEST(Icmp6Error, BytesAreRight) {
    struct Way {
        wire::Icmp6Type type;
        uint8_t code;
        uint32_t rest;
        int payload;
    };
    using enum wire::Icmp6Type;
    // 1184 bytes of payload are the most that is quoted whole.
    for (const Way& way :
         {Way{unreachable, 0, 0, 0}, Way{packet_too_big, 0, 1400, 1183},
          Way{unreachable, 1, 0, 1184}, Way{time_exceeded, 0, 0, 1185},
          Way{parameter_problem, 1, 0x00000028, 1400}, Way{parameter_problem, 0, 6, 33}}) {
        const Bytes in = good().udp().payload(way.payload).bytes();
        const Bytes expected = by_hand(in, uint8_t(way.type), way.code, way.rest);
        EXPECT_LE(expected.size(), 1280u);
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = make();
            for (const auto& result : net->run("icmp6-error", in, burst, Net::lan,
                                               asking(*net, way.type, way.code, way.rest))) {
                ASSERT_EQ(result.next, "ip6-lookup");
                ASSERT_EQ(wire::testing::hex_dump(result.bytes), wire::testing::hex_dump(expected));
                ASSERT_TRUE(result.meta.has(graph::packet_flag::local_origin));
                ASSERT_EQ(result.meta.l3_offset, 0);
                ASSERT_EQ(result.meta.l4_offset, 40);
                ASSERT_EQ(result.meta.flow_hash, 0u);
            }
        }
    }
}

TEST(Icmp6Error, IsSentFromAnAddressThatTheSenderCanReach) {
    struct Way {
        const char* what;
        const char* source;
        const char* destination;
        interface::Index interface;
        const char* own;
    };
    for (const Way& way :
         {Way{"by wan", "2001:db8::2", "2001:db8:20::1", Net::wan, "2001:db8:1::1"},
          Way{"to a link-local address", "fe80::2", "2001:db8:20::1", Net::lan,
              ip6::testing::lan_link_local},
          Way{"to one on the other link", "fe80::2", "2001:db8:20::1", Net::wan,
              ip6::testing::wan_link_local},
          Way{"about a packet to an address of the router (RFC 4443 2.2 a)", "2001:db8::2",
              "2001:db8:1::1", Net::lan, "2001:db8:1::1"},
          Way{"about a packet to its link-local one", "2001:db8::2", ip6::testing::lan_link_local,
              Net::lan, ip6::testing::lan_link_local},
          Way{"about a packet to its link-local one of another link", "2001:db8::2",
              ip6::testing::wan_link_local, Net::lan, "2001:db8::1"}}) {
        SCOPED_TRACE(way.what);
        const auto net = make();
        const Bytes in = from(way.source, way.destination).udp().bytes();
        const auto result = net->run("icmp6-error", in, 1, way.interface,
                                     asking(*net, wire::Icmp6Type::time_exceeded));
        EXPECT_EQ(wire::testing::hex_dump(result.at(0).bytes),
                  wire::testing::hex_dump(packet()
                                              .ip6(way.own, way.source)
                                              .icmp6_time_exceeded()
                                              .payload(ip6::testing::without_ethernet(in))
                                              .bytes()));
    }
}

struct About {
    const char* what;
    Bytes in;
    const char* drop;
    uint16_t flags = 0;
    interface::Index interface = Net::lan;
};

TEST(Icmp6Error, IsNotSentAboutSome) {
    const auto piece = [](uint32_t offset, bool more) {
        return good()
            .fragment_header(offset, more)
            .protocol(wire::IpProtocol::udp)
            .payload(16)
            .bytes();
    };
    std::vector<About> ways = {
        {"too short for a header", good().truncate(53).bytes(), "about-source"},
        {"from no address", from("::", "2001:db8:20::1").udp().bytes(), "about-source"},
        {"from loopback", from("::1", "2001:db8:20::1").udp().bytes(), "about-source"},
        {"from a group", from("ff02::1", "2001:db8:20::1").udp().bytes(), "about-source"},
        {"in a link multicast", good().udp().bytes(), "about-group", graph::packet_flag::l2_group},
        {"to a group", from("2001:db8::2", "ff0e::9").udp().bytes(), "about-group"},
        {"a later fragment", piece(8, true), "about-fragment"},
        {"the last fragment", piece(1480, false), "about-fragment"},
        {"an ICMPv6 message cut short", good().icmp6_echo_request().truncate(61).bytes(),
         "about-icmp-error"},
        {"a redirect", good().icmp6(137).bytes(), "about-icmp-error"},
        {"an error behind headers",
         good().hop_by_hop().destination_options().icmp6_time_exceeded().bytes(),
         "about-icmp-error"},
        {"an error in a first fragment", good().fragment_header(0, true).icmp6(1).bytes(),
         "about-icmp-error"},
        {"on no interface", good().udp().bytes(), "no-source-address", 0, graph::no_interface},
        {"to a link-local address on a link without one", from("fe80::2", "2001:db8::9").bytes(),
         "no-source-address", 0, 9}};
    for (const unsigned type : {0U, 1U, 2U, 3U, 4U, 5U, 100U, 127U}) {
        ways.push_back({"an ICMPv6 error, known or not", good().icmp6(uint8_t(type)).bytes(),
                        "about-icmp-error"});
    }
    for (const About& way : ways) {
        SCOPED_TRACE(way.what);
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = make();
            const auto change = [&](graph::Packet& one) {
                asking(*net, wire::Icmp6Type::unreachable, 1)(one);
                one.meta().flags |= way.flags;
            };
            const auto results = net->run("icmp6-error", way.in, burst, way.interface, change);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
                ASSERT_EQ(result.bytes, way.in);
            }
            EXPECT_EQ(net->bench.drops("icmp6-error", way.drop), burst);
        }
    }
}

TEST(Icmp6Error, IsSentAboutOthers) {
    std::vector<Bytes> packets = {
        good().fragment_header(0, true).udp().bytes(), good().tcp().bytes(),
        good().protocol(wire::IpProtocol::gre).bytes(), good().hop_by_hop().icmp6(128).bytes()};
    for (const unsigned type : {128U, 129U, 130U, 133U, 135U, 136U, 143U, 255U}) {
        packets.push_back(good().icmp6(uint8_t(type)).bytes());
    }
    for (const Bytes& in : packets) {
        const auto net = make();
        const auto result =
            net->run("icmp6-error", in, 1, Net::lan, asking(*net, wire::Icmp6Type::unreachable, 1));
        EXPECT_EQ(result.at(0).next, "ip6-lookup") << wire::testing::hex_dump(in);
        EXPECT_EQ(result.at(0).bytes, by_hand(in, 1, 1, 0));
    }
}

TEST(Icmp6Error, TwoAreToldEvenAboutGroups) {
    const Bytes in = from("2001:db8::2", "ff0e::9").udp().bytes();
    using enum wire::Icmp6Type;
    constexpr auto unknown_option = uint8_t(wire::Icmp6ParameterProblem::unknown_option);
    const auto net = make();
    const auto told = [&](wire::Icmp6Type type, uint8_t code, uint16_t flags) {
        return net
            ->run("icmp6-error", in, 1, Net::lan,
                  [&](graph::Packet& one) {
                      ask(*net->slot, one, type, code, 1280);
                      one.meta().flags |= flags;
                  })
            .at(0);
    };
    for (const uint16_t flags : {uint16_t(0), graph::packet_flag::l2_group}) {
        EXPECT_EQ(told(packet_too_big, 0, flags).bytes, by_hand(in, 2, 0, 1280));
        EXPECT_EQ(told(parameter_problem, unknown_option, flags).bytes, by_hand(in, 4, 2, 1280));
        EXPECT_EQ(told(parameter_problem, 0, flags).drop, "about-group");
        EXPECT_EQ(told(time_exceeded, 0, flags).drop, "about-group");
    }
}

TEST(Icmp6Error, QuotesTheFirstSegmentOfMany) {
    for (const size_t first : {size_t(80), size_t(1245), size_t(1246), size_t(1300)}) {
        const auto net = make();
        const Bytes whole = good().udp().payload(1400).bytes();
        const Bytes head(whole.begin(), whole.begin() + long(first));
        const Bytes tail(whole.begin() + long(first), whole.end());
        const auto result = net->run("icmp6-error", head, 1, Net::lan, [&](graph::Packet& one) {
            net->append_segment(one, tail);
            asking(*net, wire::Icmp6Type::time_exceeded)(one);
        });
        EXPECT_EQ(wire::testing::hex_dump(result.at(0).bytes),
                  wire::testing::hex_dump(by_hand(head, 3, 0, 0)));
    }
}

TEST(Icmp6Error, NeedsRoomInFront) {
    const auto net = make();
    const Bytes in = good().udp().bytes();
    for (const unsigned headroom : {33U, 34U}) {
        const auto result = net->run("icmp6-error", in, 1, Net::lan, [&](graph::Packet& one) {
            std::memmove(static_cast<std::byte*>(one.mbuf()->buf_addr) + headroom, one.data(),
                         in.size());
            one.mbuf()->data_off = uint16_t(headroom);
            asking(*net, wire::Icmp6Type::time_exceeded)(one);
        });
        EXPECT_EQ(result.at(0).drop, headroom < 34 ? "no-headroom" : "");
    }
}

TEST(Icmp6Error, BurstThenRate) {
    // One a second: within the test no more than the burst passes, unless it is stopped for a
    // second.
    const auto net = make({1, 20});
    const Bytes in = good().udp().bytes();
    const auto passed = [&](Net& on, unsigned count) {
        unsigned sum = 0;
        for (const auto& result : on.run("icmp6-error", in, count, Net::lan,
                                         asking(on, wire::Icmp6Type::time_exceeded))) {
            EXPECT_TRUE(result.next == "ip6-lookup" || result.drop == "rate-limited");
            sum += result.next == "ip6-lookup";
        }
        return sum;
    };
    EXPECT_EQ(passed(*net, 256), 20u);
    EXPECT_EQ(net->bench.drops("icmp6-error", "rate-limited"), 236u);

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
}  // namespace vnet::icmp6
