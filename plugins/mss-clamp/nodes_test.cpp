// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/nodes.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace mss_clamp {
namespace {

using graph::testing::Bench;
using vnet::wire::TcpFlags;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

PacketMaker ip4() {
    return packet().ethernet().ip4("10.0.0.1", "10.0.0.2");
}
PacketMaker ip6() {
    return packet().ethernet().ip6("2001:db8::1", "2001:db8::2");
}
Bytes syn(const char* options) {
    return ip4().tcp(1000, 80, TcpFlags::syn).options(from_hex(options)).bytes();
}

/// All nodes on their arcs, for an interface of MTU 1400 that clamps by its MTU.
struct NodesTest : ::testing::Test {
    NodesTest() {
        bench.collector("interface-output");
        add<Ip4>("ip4-input", "ip4-lookup", "ip4-rewrite");
        add<Ip6>("ip6-input", "ip6-lookup", "ip6-rewrite");
    }
    template <class Family>
    void add(const char* input, const char* lookup, const char* rewrite) {
        bench.collector(input);
        bench.collector(lookup);
        bench.collector(rewrite);
        auto& graph = bench.graph();
        EXPECT_TRUE(graph.add_arc({Family::unicast_arc, graph::ArcSide::rx, {input}, lookup}).ok());
        EXPECT_TRUE(
            graph.add_arc({Family::output_arc, graph::ArcSide::rx, {rewrite}, "interface-output"})
                .ok());
        bench.add(std::make_shared<const Rx<Family>>(limits));
        bench.add(std::make_shared<const Tx<Family>>(limits));
        EXPECT_TRUE(graph.add_feature(Family::unicast_arc, {Family::rx, {}, {}}).ok());
        EXPECT_TRUE(graph.add_feature(Family::output_arc, {Family::tx, {}, {}}).ok());
        arc_of[Family::rx] = graph::ArcId(arc_of.size());
        arc_of[Family::tx] = graph::ArcId(arc_of.size());
    }
    std::vector<graph::testing::Result> run(const std::string& node, const Bytes& in,
                                            unsigned burst = 1) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(bench.packet(in, index));
            packets.back()->meta().tx_interface = index;
            packets.back()->meta().l3_offset = 14;
            packets.back()->meta().arc = arc_of.at(node);
        }
        return bench.run(node, packets);
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    static Index make_interface(vnet::interface::Table& table) {
        const Index index =
            *table.add("lan", vnet::interface::testing::FakeDevice::maker(
                                  std::make_shared<vnet::interface::testing::FakeState>()));
        EXPECT_TRUE(table.set_mtu("lan", 1400).ok());
        return index;
    }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    Limits limits{1, table};
    const Index index = make_interface(table);
    Bench bench;
    std::map<std::string, graph::ArcId> arc_of;
};

TEST_F(NodesTest, ClampTheirSideAtEveryBurst) {
    struct Way {
        const char* node;
        const char* next;
        bool rx;
    };
    for (const Way& way : {Way{"ip4-mss-clamp-rx", "ip4-lookup", true},
                           Way{"ip4-mss-clamp-tx", "interface-output", false}}) {
        for (const bool on : {true, false}) {
            limits.set(index, Setting{{}, way.rx == on, way.rx != on});
            for (const unsigned burst : Bench::bursts) {
                const auto results = run(way.node, syn("02 04 05 b4"), burst);
                ASSERT_EQ(results.size(), burst);
                for (const auto& result : results) {
                    EXPECT_EQ(result.next, way.next);
                    EXPECT_EQ(result.bytes, syn(on ? "02 04 05 50" : "02 04 05 b4"));
                }
            }
        }
    }
}

TEST_F(NodesTest, TouchNothingElse) {
    limits.set(index, Setting{});
    const Bytes options = from_hex("02 04 05 b4");
    const Bytes alone[] = {
        ip4().udp().payload(40).bytes(),
        ip4().icmp_echo_request().payload(40).bytes(),
        ip4().tcp(1000, 80, TcpFlags::ack).options(options).payload(40).bytes(),
        ip4().fragment(8, true).tcp(1000, 80, TcpFlags::syn).options(options).bytes(),
        ip4().header_words(15).tcp(1000, 80, TcpFlags::syn).options(options).bytes(),
        ip4().header_words(4).tcp(1000, 80, TcpFlags::syn).options(options).bytes(),
        ip4().tcp().truncate(14 + 20 + 19).bytes(),
        ip4().truncate(14 + 19).bytes(),
        syn("02 04 05 50"),
    };
    for (const Bytes& in : alone) {
        EXPECT_EQ(run("ip4-mss-clamp-rx", in).at(0).bytes, in);
    }
    // The first fragment holds the SYN, and is clamped.
    const auto first = [&](const char* mss) {
        return ip4().fragment(0, true).tcp(1, 2).options(from_hex(mss)).payload(40).bytes();
    };
    EXPECT_EQ(run("ip4-mss-clamp-rx", first("02 04 05 b4")).at(0).bytes, first("02 04 05 50"));
}

TEST_F(NodesTest, FindTheHeaderBehindExtensionHeaders) {
    limits.set(index, Setting{});
    const auto tcp = [](PacketMaker maker, const char* options) {
        return maker.tcp(1000, 80, TcpFlags::syn).options(from_hex(options)).payload(40).bytes();
    };
    const PacketMaker clamped[] = {
        ip6(),
        ip6().hop_by_hop(),
        ip6().hop_by_hop().destination_options().routing(4, 0).destination_options(),
        ip6().fragment_header(0, false),
        ip6().destination_options().fragment_header(0, true),
    };
    for (const PacketMaker& maker : clamped) {
        const Bytes in = tcp(maker, "02 04 05 b4");
        for (const auto& [node, next] : {std::pair("ip6-mss-clamp-rx", "ip6-lookup"),
                                         std::pair("ip6-mss-clamp-tx", "interface-output")}) {
            for (const unsigned burst : Bench::bursts) {
                for (const auto& result : run(node, in, burst)) {
                    ASSERT_EQ(result.next, next);
                    ASSERT_EQ(result.bytes, tcp(maker, "02 04 05 3c"));
                }
            }
        }
    }
    const Bytes alone[] = {
        ip6().udp().payload(40).bytes(),
        tcp(ip6().fragment_header(8, true), "02 04 05 b4"),
        tcp(ip6().routing(4, 0).hop_by_hop(), "02 04 05 b4"),
        ip6().hop_by_hop().tcp().truncate(14 + 40 + 4).bytes(),
        ip6().tcp().truncate(14 + 39).bytes(),
        tcp(ip6(), "02 04 05 3c"),
    };
    for (const Bytes& in : alone) {
        EXPECT_EQ(run("ip6-mss-clamp-rx", in).at(0).bytes, in);
    }
}

TEST_F(NodesTest, SettingsSayHowMuch) {
    const auto clamped = [&](const Setting& setting) {
        limits.set(index, setting);
        return run("ip4-mss-clamp-rx", syn("02 04 ff ff")).at(0).bytes;
    };
    EXPECT_EQ(clamped({}), syn("02 04 05 50"));
    EXPECT_EQ(clamped({1000}), syn("02 04 03 e8"));
    ASSERT_TRUE(table.set_mtu("lan", 100).ok());
    EXPECT_EQ(clamped({}), syn("02 04 00 58"));
    // IPv6 has the same packets, and 20 bytes less for the segment.
    EXPECT_EQ(limits.most(index, {1000}, Headers::ip6), 980);
    ASSERT_TRUE(table.set_mtu("lan", 1500).ok());
    EXPECT_EQ(limits.most(index, {}, Headers::ip6), 1440);
    EXPECT_EQ(limits.most(index, {}, Headers::ip4), 1460);
}

}  // namespace
}  // namespace mss_clamp
