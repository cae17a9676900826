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
Bytes syn(const char* options) {
    return ip4().tcp(1000, 80, TcpFlags::syn).options(from_hex(options)).bytes();
}

/// Both nodes on their arcs, for an interface of MTU 1400 that clamps by its MTU.
struct NodesTest : ::testing::Test {
    NodesTest() {
        for (const auto& [arc, start, end] :
             {std::array{"ip4-unicast", "ip4-input", "ip4-lookup"},
              std::array{"ip4-output", "ip4-rewrite", "interface-output"}}) {
            bench.collector(start);
            bench.collector(end);
            EXPECT_TRUE(bench.graph().add_arc({arc, graph::ArcSide::rx, {start}, end}).ok());
        }
        bench.add(std::make_shared<const Ip4Rx>(limits));
        bench.add(std::make_shared<const Ip4Tx>(limits));
        EXPECT_TRUE(bench.graph().add_feature("ip4-unicast", {"ip4-mss-clamp-rx", {}, {}}).ok());
        EXPECT_TRUE(bench.graph().add_feature("ip4-output", {"ip4-mss-clamp-tx", {}, {}}).ok());
    }
    std::vector<graph::testing::Result> run(const std::string& node, const Bytes& in,
                                            unsigned burst = 1) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(bench.packet(in, index));
            packets.back()->meta().tx_interface = index;
            packets.back()->meta().l3_offset = 14;
            packets.back()->meta().arc = node == "ip4-mss-clamp-rx" ? 0 : 1;
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
