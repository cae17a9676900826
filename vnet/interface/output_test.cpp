// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/output.hpp"

#include <gtest/gtest.h>

#include <map>

#include "graph/testing/bench.hpp"
#include "graph/testing/nodes.hpp"
#include "vnet/interface/testing/fake_device.hpp"

namespace vnet::interface {
namespace {

using graph::testing::Bench;
using testing::FakeDevice;
using testing::FakeState;

/// Passes a packet on along its arc.
struct Passing {
    static constexpr auto info = graph::node("passing");
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
        return dispatch.next_feature(packet);
    }
};

class OutputTest : public ::testing::Test {
protected:
    OutputTest() {
        const graph::ArcId arc = *bench_.graph().add_arc(
            {"interface-output", graph::ArcSide::tx, {"interface-output"}, "interface-tx"});
        bench_.add(std::make_shared<const Output>(table_, arc));
        bench_.add(std::make_shared<const Transmit>(table_));
        bench_.add(std::make_shared<const Passing>());
        EXPECT_TRUE(bench_.graph().add_feature("interface-output", {"passing", {}, {}}).ok());
        for (const char* name : {"a", "b", "c"}) {
            auto state = std::make_shared<FakeState>();
            state->tx_node = bench_.collector(std::string(name) + "-tx");
            EXPECT_TRUE(table_.add(name, FakeDevice::maker(state)).ok());
            EXPECT_TRUE(table_.set_up(name, true).ok());
        }
        bench_.build();
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 256;
        return std::move(graph::Engine::create(options).value());
    }
    graph::Packet* to(Index interface, size_t size = 60) {
        graph::Packet* packet = bench_.packet(std::vector<std::byte>(size));
        packet->meta().tx_interface = interface;
        return packet;
    }
    std::map<std::string, unsigned> count(const std::string& node,
                                          const std::vector<graph::Packet*>& packets) {
        std::map<std::string, unsigned> counts;
        for (const auto& result : bench_.run(node, packets)) {
            ++counts[result.next == "drop" ? result.drop : result.next];
        }
        return counts;
    }
    using Counts = std::map<std::string, unsigned>;

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    Table table_{*engine_};
    Bench bench_;
};

TEST_F(OutputTest, GoesStraightToTheDevice) {
    for (const unsigned burst : Bench::bursts) {
        EXPECT_EQ(count("interface-output", std::vector<graph::Packet*>([&] {
                            std::vector<graph::Packet*> packets;
                            for (unsigned i = 0; i < burst; ++i) {
                                packets.push_back(to(2));
                            }
                            return packets;
                        }())),
                  (Counts{{"b-tx", burst}}));
    }
    EXPECT_EQ(table_.totals(2).tx_packets, 1u + 3 + 63 + 256);
    EXPECT_EQ(table_.totals(2).tx_bytes, (1u + 3 + 63 + 256) * 60);
    EXPECT_EQ(table_.totals(1).tx_packets, 0u);
}

TEST_F(OutputTest, CountsEachRunForItsInterface) {
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < 255; ++i) {
        // Runs of one, two and three.
        const Index interface = i % 6 < 1 ? 1 : i % 6 < 3 ? 2 : 3;
        packets.push_back(to(interface, 60 + interface));
    }
    EXPECT_EQ(count("interface-output", packets),
              (Counts{{"a-tx", 43}, {"b-tx", 86}, {"c-tx", 126}}));
    EXPECT_EQ(table_.totals(1).tx_packets, 43u);
    EXPECT_EQ(table_.totals(1).tx_bytes, 43u * 61);
    EXPECT_EQ(table_.totals(2).tx_bytes, 86u * 62);
    EXPECT_EQ(table_.totals(3).tx_bytes, 126u * 63);
}

TEST_F(OutputTest, DropsWhatCannotLeave) {
    ASSERT_TRUE(table_.set_up("b", false).ok());
    ASSERT_TRUE(table_.remove("c").ok());
    for (const unsigned burst : Bench::bursts) {
        std::vector<graph::Packet*> packets;
        const Index ways[] = {
            1, 2, 3, 0, 4, graph::max_interfaces - 1, graph::max_interfaces, graph::no_interface};
        for (unsigned i = 0; i < burst; ++i) {
            packets.push_back(to(ways[i % 8]));
        }
        const unsigned out = (burst + 7) / 8;
        Counts expected{{"a-tx", out}};
        if (burst > 1) {
            expected["interface-down"] = burst - out;
        }
        EXPECT_EQ(count("interface-output", packets), expected);
    }
    EXPECT_EQ(table_.totals(2).tx_packets, 0u);
}

TEST_F(OutputTest, FeaturesComeBeforeTheDevice) {
    ASSERT_TRUE(bench_.graph().set_feature("interface-output", "passing", 2, true).ok());
    const uint64_t before =
        bench_.dispatch().counters().nodes[bench_.graph().find("passing")].packets.read();
    EXPECT_EQ(count("interface-output", {to(1), to(2), to(2), to(3)}),
              (Counts{{"a-tx", 1}, {"b-tx", 2}, {"c-tx", 1}}));
    EXPECT_EQ(bench_.dispatch().counters().nodes[bench_.graph().find("passing")].packets.read(),
              before + 2);
    EXPECT_EQ(table_.totals(2).tx_packets, 2u);
}

TEST_F(OutputTest, TheArcsEndKnowsItsBounds) {
    EXPECT_EQ(count("interface-tx", {to(1), to(graph::max_interfaces), to(graph::no_interface)}),
              (Counts{{"a-tx", 1}, {"interface-gone", 2}}));
}

}  // namespace
}  // namespace vnet::interface
