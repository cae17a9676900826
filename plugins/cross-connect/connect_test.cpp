// SPDX-License-Identifier: Apache-2.0
#include "plugins/cross-connect/connect.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace cross_connect {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;

/// A frame of so many bytes behind its header, to a station that is none of ours.
Bytes frame(size_t bytes = 46) {
    return packet()
        .ethernet("02:00:00:00:00:01", "02:00:00:00:00:99")
        .type(0x88b5)
        .payload(bytes)
        .bytes();
}

struct ConnectTest : ::testing::Test {
    ConnectTest() {
        bench.collector("interface-output");
        bench.add(std::shared_ptr<const Connect>(node));
        for (Index* index : {&a, &b, &alone}) {
            const std::string name = "i" + std::to_string(index - &a);
            *index = *table.add(name, vnet::interface::testing::FakeDevice::maker(
                                          std::make_shared<vnet::interface::testing::FakeState>()));
            EXPECT_TRUE(table.set_up(name, true).ok());
        }
        node->set(a, b);
        node->set(b, a);
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    std::shared_ptr<Connect> node = std::make_shared<Connect>(table);
    Bench bench;
    Index a = 0, b = 0, alone = 0;
};

TEST_F(ConnectTest, SendsFramesAsTheyAreAtEveryBurst) {
    for (const unsigned burst : Bench::bursts) {
        const auto results = bench.run("cross-connect", frame(), burst, a);
        ASSERT_EQ(results.size(), burst);
        for (const Result& result : results) {
            EXPECT_EQ(result.next, "interface-output");
            EXPECT_EQ(result.meta.tx_interface, b);
            EXPECT_EQ(result.bytes, frame());
        }
    }
}

TEST_F(ConnectTest, AVectorMayMixInterfaces) {
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < 256; ++i) {
        packets.push_back(bench.packet(frame(), i % 3 == 0 ? a : i % 3 == 1 ? b : alone));
    }
    unsigned right = 0;
    unsigned dropped = 0;
    for (const Result& result : bench.run("cross-connect", packets)) {
        dropped += result.drop == "not-connected";
        right += result.meta.tx_interface == (result.meta.rx_interface == a ? b : a);
    }
    EXPECT_EQ(dropped, 85U);
    EXPECT_EQ(right, 171U);
}

TEST_F(ConnectTest, DropsWhatCameInByAnInterfaceThatIsDown) {
    ASSERT_TRUE(table.set_up("i0", false).ok());
    EXPECT_EQ(bench.run("cross-connect", frame(), 1, a).at(0).drop, "interface-down");
    EXPECT_EQ(bench.run("cross-connect", frame(), 1, b).at(0).next, "interface-output");
}

TEST_F(ConnectTest, DropsWhatIsLongerThanThePeerTakes) {
    ASSERT_TRUE(table.set_mtu("i1", 500).ok());
    EXPECT_EQ(bench.run("cross-connect", frame(508), 1, a).at(0).next, "interface-output");
    EXPECT_EQ(bench.run("cross-connect", frame(509), 1, a).at(0).drop, "exceeds-mtu");
    EXPECT_EQ(bench.run("cross-connect", frame(509), 1, b).at(0).next, "interface-output");
}

}  // namespace
}  // namespace cross_connect
