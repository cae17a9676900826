// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plugins/geneve/decap.hpp"
#include "plugins/geneve/encap.hpp"
#include "plugins/geneve/tunnels.hpp"
#include "vnet/tunnel/testing/router_bench.hpp"

namespace geneve {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using vnet::tunnel::Ends;
using vnet::tunnel::PointToPoint;
using vnet::tunnel::testing::RouterBench;
using vnet::wire::Ecn;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

constexpr uint32_t vni = 0x123456;
constexpr uint16_t geneve_port = 6081;

/// A header and what is behind it.
Bytes behind(std::string_view header, const Bytes& inner) {
    Bytes bytes = from_hex(header);
    bytes.insert(bytes.end(), inner.begin(), inner.end());
    return bytes;
}

class GeneveNodesTest : public ::testing::Test {
protected:
    GeneveNodesTest() : tunnels_({*net_.engine, net_.router->interfaces(), net_.tunnels()}) {
        tunnels_.links.set_tx_node(net_.engine->graph().find("null-tx"));
        auto& table = net_.router->interfaces();
        table.observe(
            [this](const auto& interface, auto change) { tunnels_.changed(interface, change); });
        const graph::ArcId arc = net_.arc("device-input");
        net_.bench.add(
            std::make_shared<const Encap>(net_.tunnels().exits, tunnels_.links, tunnels_.options));
        net_.bench.add(std::make_shared<const Decap<vnet::ip4::Family>>(table, tunnels_.links,
                                                                        tunnels_.options, arc));
        net_.bench.add(std::make_shared<const Decap<vnet::ip6::Family>>(table, tunnels_.links,
                                                                        tunnels_.options, arc));
    }
    ~GeneveNodesTest() override { net_.router->interfaces().remove_all(); }

    enum class Carries { ip, ethernet };
    Index add(PointToPoint::EndsOfEither ends, Carries carries, const std::string& options = "",
              bool checksum = false) {
        PointToPoint::Spec spec;
        spec.ends = ends;
        if (carries == Carries::ethernet) {
            spec.mac = vnet::wire::testing::mac("02:00:00:00:00:77");
        }
        const auto status = tunnels_.add("t", vni, options, checksum, std::move(spec));
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_TRUE(net_.router->interfaces().set_up("t", true).ok());
        return (*net_.router->interfaces().find("t"))->index;
    }
    void remove() { ASSERT_TRUE(net_.router->interfaces().remove("t").ok()); }

    RouterBench net_;
    Tunnels tunnels_;
    const PointToPoint::EndsOfEither over4_ = Ends<vnet::wire::Ip4Address>{
        vnet::wire::testing::ip("192.0.2.1"), vnet::wire::testing::ip("192.0.2.2")};
    const PointToPoint::EndsOfEither over6_ = Ends<vnet::wire::Ip6Address>{
        vnet::wire::testing::ip6("2001:db8::1"), vnet::wire::testing::ip6("2001:db8::2")};
    const Bytes frame_ = packet().ethernet().ip4().udp().payload(30).bytes();
    const Bytes inner4_ = packet().ip4().udp().payload(30).bytes();
};

/// As it goes out: its source port is the flow's.
PacketMaker sent4(const Result& result) {
    const auto* udp = vnet::wire::view<vnet::wire::UdpHeader>(
        std::span(result.bytes).subspan(sizeof(vnet::wire::Ip4Header)));
    PacketMaker made = packet()
                           .ip4("192.0.2.1", "192.0.2.2")
                           .ttl(64)
                           .dont_fragment()
                           .udp(udp->source_port.value(), geneve_port);
    return made;
}
PacketMaker came4(Ecn ecn = Ecn::not_capable) {
    PacketMaker made = packet().ip4("192.0.2.2", "192.0.2.1").ecn(ecn).udp(50000, geneve_port);
    return made;
}

TEST_F(GeneveNodesTest, PutFramesAndPacketsIn) {
    const Index tunnel = add(over4_, Carries::ethernet);
    for (const unsigned burst : Bench::bursts) {
        for (const Result& result : net_.put_in("geneve-encap", frame_, burst, net_.goes(tunnel))) {
            ASSERT_EQ(result.next, "interface-output") << result.drop;
            ASSERT_EQ(
                result.bytes,
                sent4(result).checksum(0).payload(behind("0000 6558 12345600", frame_)).bytes());
            const uint16_t port =
                vnet::wire::view<vnet::wire::UdpHeader>(std::span(result.bytes).subspan(20))
                    ->source_port.value();
            EXPECT_GE(port, 49152);
        }
    }
    remove();
    const Index packets = add(over4_, Carries::ip, "0102:81:00000009,0103:02:mark", true);
    graph::Metadata meta = net_.goes(packets);
    meta.treatment = 7 << graph::treatment::mark_shift | 3;
    const Result result = net_.put_in("geneve-encap", inner4_, 1, meta).at(0);
    EXPECT_EQ(result.bytes, sent4(result)
                                .payload(behind("04 40 0800 12345600 0102 81 01 00000009 0103 02 "
                                                "01 00000007",
                                                inner4_))
                                .bytes());
}

TEST_F(GeneveNodesTest, TellFlowsApart) {
    const Index tunnel = add(over4_, Carries::ethernet);
    std::set<std::vector<std::byte>> ports;
    for (uint16_t flow = 0; flow < 64; ++flow) {
        const Bytes frame = packet().ethernet().ip4().udp(flow, 80).payload(30).bytes();
        const auto results = net_.put_in("geneve-encap", frame, 2, net_.goes(tunnel));
        const auto port = [](const Result& result) {
            return std::vector(result.bytes.begin() + 20, result.bytes.begin() + 22);
        };
        EXPECT_EQ(port(results.at(0)), port(results.at(1)));
        ports.insert(port(results.at(0)));
    }
    EXPECT_GE(ports.size(), 60U);
}

TEST_F(GeneveNodesTest, TakeOut) {
    struct Case {
        const char* what;
        Carries carries;
        const char* options;
        Bytes outer;
        const char* next;
        Bytes inner;
        const char* drop = "";
        uint32_t mark = 0;
    };
    const auto with = [](std::string_view header, const Bytes& inner) {
        return came4().payload(behind(header, inner)).bytes();
    };
    const Bytes capable = packet().ethernet().ip4().ecn(Ecn::capable_0).udp().payload(9).bytes();
    const Bytes told = packet().ethernet().ip4().ecn(Ecn::congested).udp().payload(9).bytes();
    const Bytes whole = with("0000 6558 12345600", frame_);
    Bytes longer = whole;
    longer.resize(whole.size() + 7);
    // More than UDP says.
    reinterpret_cast<uint8_t&>(longer[3]) = uint8_t(longer.size());
    auto& ip = *vnet::wire::view<vnet::wire::Ip4Header>(std::span(longer));
    ip.total_length = vnet::wire::Be16(uint16_t(longer.size()));
    ip.checksum = vnet::wire::ip4_header_checksum(ip);
    const Case cases[] = {
        {"a frame", Carries::ethernet, "", whole, "ethernet-input", frame_},
        {"more than UDP has", Carries::ethernet, "", longer, "ethernet-input", frame_},
        {"without a checksum", Carries::ethernet, "",
         came4().checksum(0).payload(behind("0000 6558 12345600", frame_)).bytes(),
         "ethernet-input", frame_},
        {"a wrong checksum",
         Carries::ethernet,
         "",
         came4().bad_checksum().payload(behind("0000 6558 12345600", frame_)).bytes(),
         "drop",
         {},
         "bad-checksum"},
        {"a packet", Carries::ip, "", with("0000 0800 12345600", inner4_), "ip4-input", inner4_},
        {"its reserved bits", Carries::ethernet, "", with("0015 6558 123456ff", frame_),
         "ethernet-input", frame_},
        {"options that nobody needs", Carries::ethernet, "",
         with("02 00 6558 12345600 0102 01 01 00000000", frame_), "ethernet-input", frame_},
        {"a critical one",
         Carries::ethernet,
         "",
         with("02 40 6558 12345600 0102 81 01 00000000", frame_),
         "drop",
         {},
         "unknown-critical"},
        {"a critical one that is known", Carries::ethernet, "0102:81:known",
         with("02 40 6558 12345600 0102 81 01 00000000", frame_), "ethernet-input", frame_},
        {"a mark", Carries::ethernet, "0102:01:mark",
         with("02 00 6558 12345600 0102 01 01 00000009", frame_), "ethernet-input", frame_, "", 9},
        {"a mark that no packet can have",
         Carries::ethernet,
         "0102:01:mark",
         with("02 00 6558 12345600 0102 01 01 00800009", frame_),
         "drop",
         {},
         "bad-options"},
        {"an option past the end",
         Carries::ethernet,
         "",
         with("01 00 6558 12345600 0102 01 02", frame_),
         "drop",
         {},
         "bad-options"},
        {"options past the end",
         Carries::ethernet,
         "",
         with("3f 00 6558 12345600", frame_),
         "drop",
         {},
         "truncated"},
        {"version 1",
         Carries::ethernet,
         "",
         with("4000 6558 12345600", frame_),
         "drop",
         {},
         "bad-version"},
        {"a control message",
         Carries::ethernet,
         "",
         with("0080 6558 12345600", {}),
         "drop",
         {},
         "control"},
        {"another VNI",
         Carries::ethernet,
         "",
         with("0000 6558 12345700", frame_),
         "drop",
         {},
         "no-tunnel"},
        {"a packet for a tunnel of frames",
         Carries::ethernet,
         "",
         with("0000 0800 12345600", inner4_),
         "drop",
         {},
         "not-carried"},
        {"a frame for a tunnel of packets",
         Carries::ip,
         "",
         with("0000 6558 12345600", frame_),
         "drop",
         {},
         "not-carried"},
        {"half a frame",
         Carries::ethernet,
         "",
         with("0000 6558 12345600", Bytes(frame_.begin(), frame_.begin() + 13)),
         "drop",
         {},
         "truncated"},
        {"half a header", Carries::ethernet, "", with("0000 6558", {}), "drop", {}, "truncated"},
        {"congestion", Carries::ethernet, "",
         came4(Ecn::congested).payload(behind("0000 6558 12345600", capable)).bytes(),
         "ethernet-input", told},
        {"congestion that cannot be told",
         Carries::ethernet,
         "",
         came4(Ecn::congested).payload(behind("0000 6558 12345600", frame_)).bytes(),
         "drop",
         {},
         "congestion"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const Index tunnel = add(over4_, c.carries, c.options);
        for (const unsigned burst : Bench::bursts) {
            const auto results = net_.run("geneve4-decap", c.outer, burst, net_.came(c.outer));
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                ASSERT_EQ(result.next, c.next) << result.drop;
                ASSERT_EQ(result.drop, c.drop);
                if (result.next != "drop") {
                    ASSERT_EQ(result.bytes, c.inner);
                    EXPECT_EQ(result.meta.rx_interface, tunnel);
                    EXPECT_EQ(result.meta.treatment >> graph::treatment::mark_shift, c.mark);
                }
            }
        }
        remove();
        EXPECT_EQ(net_.run("geneve4-decap", c.outer, 1, net_.came(c.outer)).at(0).next, "drop");
    }
}

TEST_F(GeneveNodesTest, DoTheSameOverIp6) {
    const Index tunnel = add(over6_, Carries::ethernet, "0102:01:0000000a");
    const Result result = net_.put_in("geneve-encap", frame_, 1, net_.goes(tunnel)).at(0);
    EXPECT_EQ(result.next, "interface-output");
    const Bytes carried(result.bytes.begin() + 48, result.bytes.end());
    Bytes expected = from_hex("02 00 6558 12345600 0102 01 01 0000000a");
    expected.insert(expected.end(), frame_.begin(), frame_.end());
    EXPECT_EQ(carried, expected);
    const Bytes outer = packet()
                            .ip6("2001:db8::2", "2001:db8::1")
                            .udp(50000, geneve_port)
                            .payload(expected)
                            .bytes();
    const Result back = net_.run("geneve6-decap", outer, 1, net_.came(outer)).at(0);
    EXPECT_EQ(back.next, "ethernet-input") << back.drop;
    EXPECT_EQ(back.bytes, frame_);
}

TEST_F(GeneveNodesTest, HaveRoomForTheMostOptionsAndTags) {
    const Index tunnel = add(over6_, Carries::ethernet, "0102:01:" + std::string(72, '0'));
    graph::Packet* packet = net_.bench.packet(Bytes(frame_.begin() + 16, frame_.end()));
    // Four tags were pushed already.
    ASSERT_TRUE(packet->move_start(-16));
    std::copy(frame_.begin(), frame_.end(), packet->data());
    packet->meta() = net_.goes(tunnel);
    const Result result = net_.bench.run("geneve-encap", std::span(&packet, 1)).at(0);
    EXPECT_EQ(result.next, "interface-output") << result.drop;
}

}  // namespace
}  // namespace geneve
