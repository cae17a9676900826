// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/feed.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "plugins/pg/replay.hpp"
#include "plugins/pg/stream.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace pg {
namespace {

using graph::testing::Result;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::to_hex;

constexpr vnet::interface::Index interface = 5;
constexpr uint64_t mac = 0x020000000005;

/// A feed in front of "ethernet-input", which collects.
class FeedTest : public ::testing::Test {
protected:
    FeedTest() : engine_(make_engine()), table_(*engine_) {
        graph::NodeSpec input;
        input.name = "pg-input";
        input.kind = graph::NodeKind::input;
        input.edges = {"ethernet-input"};
        entrance_.table = &table_;
        entrance_.interface = interface;
        entrance_.path.input = *bench_.graph().add(input);
        entrance_.path.next = bench_.collector("ethernet-input");
        entrance_.path.arc = *bench_.graph().add_arc(
            {"device-input", graph::ArcSide::rx, {"pg-input"}, "ethernet-input"});
        bench_.build();
        table_.hot(interface).mac = mac;
    }

    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 256;
        return std::move(*graph::Engine::create(options));
    }

    /// One poll and what came of it.
    std::vector<Result> poll(Feed& feed) {
        bench_.dispatch().tick();
        bench_.dispatch().begin_input(feed.node());
        const unsigned count = feed.poll(bench_.dispatch());
        if (count != 0) {
            bench_.dispatch().end_input(count);
        }
        auto results = bench_.run("ethernet-input", std::span<graph::Packet* const>());
        EXPECT_EQ(results.size(), count);
        return results;
    }

    graph::testing::Bench bench_;
    std::unique_ptr<graph::Engine> engine_;
    vnet::interface::Table table_;
    Entrance entrance_;
};

TEST_F(FeedTest, AStreamSeemsToBeReceived) {
    Stream stream(entrance_, Pace{}, PacketSpec{});
    const auto results = poll(stream);
    ASSERT_EQ(results.size(), 256U);
    for (const Result& result : results) {
        EXPECT_EQ(result.meta.rx_interface, interface);
        EXPECT_EQ(result.meta.flags, 0);
        EXPECT_EQ(result.bytes.size(), 60U);
    }
    EXPECT_EQ(to_hex(std::span(results[0].bytes).first(6)), "02 00 00 00 00 05");
    EXPECT_EQ(table_.totals(interface).rx_packets, 256U);
    EXPECT_EQ(table_.totals(interface).rx_bytes, 256U * 60);
    EXPECT_EQ(stream.sent(), 256U);
}

TEST_F(FeedTest, AStreamFollowsTheInterfacesAddress) {
    Stream stream(entrance_, Pace{.vector = 1}, PacketSpec{});
    EXPECT_EQ(poll(stream).at(0).bytes[5], std::byte(5));
    table_.hot(interface).mac = mac + 1;
    EXPECT_EQ(poll(stream).at(0).bytes[5], std::byte(6));
    PacketSpec fixed;
    fixed.destination_mac = vnet::wire::MacAddress::from_uint64(0x020000000077);
    Stream other(entrance_, Pace{.vector = 1}, fixed);
    EXPECT_EQ(poll(other).at(0).bytes[5], std::byte(0x77));
}

TEST_F(FeedTest, EndsAtItsLastPacketAndSaysSo) {
    const int done = eventfd(0, EFD_NONBLOCK);
    Stream stream(entrance_, Pace{.packets = 10, .vector = 4}, PacketSpec{}, done);
    EXPECT_EQ(poll(stream).size(), 4U);
    EXPECT_EQ(poll(stream).size(), 4U);
    uint64_t told = 0;
    EXPECT_EQ(read(done, &told, sizeof(told)), -1);
    EXPECT_EQ(poll(stream).size(), 2U);
    EXPECT_EQ(read(done, &told, sizeof(told)), ssize_t(sizeof(told)));
    EXPECT_TRUE(stream.done());
    EXPECT_TRUE(poll(stream).empty());
    stream.rewind();
    EXPECT_FALSE(stream.done());
    EXPECT_EQ(stream.sent(), 0U);
    EXPECT_EQ(poll(stream).size(), 4U);
    close(done);
}

TEST_F(FeedTest, ARateHoldsItBack) {
    Stream stream(entrance_, Pace{.rate = 1}, PacketSpec{});
    EXPECT_EQ(poll(stream).size(), 1U);
    EXPECT_EQ(poll(stream).size(), 0U);
}

TEST_F(FeedTest, WithoutBuffersItWaitsAndCounts) {
    std::vector<graph::Packet*> all;
    while (graph::Packet* packet = graph::testing::pool().allocate()) {
        all.push_back(packet);
    }
    Stream stream(entrance_, Pace{.packets = 10}, PacketSpec{});
    EXPECT_TRUE(poll(stream).empty());
    EXPECT_EQ(stream.starved(), 1U);
    graph::free_packets(all);
    EXPECT_EQ(poll(stream).size(), 10U);
}

TEST_F(FeedTest, AReplaySendsWhatIsInTheCapture) {
    char directory[] = "/tmp/sluice-pg-XXXXXX";
    const std::string file = std::string(::mkdtemp(directory)) + "/a.pcap";
    const std::vector<Bytes> packets = {
        vnet::wire::testing::packet().ethernet().ip4().udp().payload(100).bytes(),
        vnet::wire::testing::packet().ethernet().ip4().tcp().pad_to().bytes(),
        Bytes(2048, std::byte(7))};
    {
        auto writer = CaptureWriter::create(file);
        ASSERT_TRUE(writer.ok());
        for (const Bytes& bytes : packets) {
            writer->write(bytes, 0);
        }
    }
    const auto capture = std::make_shared<const Capture>(*Capture::read(file));
    std::filesystem::remove_all(directory);
    Replay replay(entrance_, Pace{.packets = 6, .vector = 4}, capture, file);
    auto results = poll(replay);
    for (Result& result : poll(replay)) {
        results.push_back(std::move(result));
    }
    ASSERT_EQ(results.size(), 6U);
    for (size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].bytes, packets[i % 3]) << i;
    }
    EXPECT_TRUE(replay.done());
    Replay other(entrance_, Pace{.packets = 3}, capture, file,
                 vnet::wire::MacAddress::from_uint64(0x0a0b0c0d0e0f));
    results = poll(other);
    EXPECT_EQ(to_hex(std::span(results.at(0).bytes).first(6)), "0a 0b 0c 0d 0e 0f");
    EXPECT_TRUE(
        std::equal(results[0].bytes.begin() + 6, results[0].bytes.end(), packets[0].begin() + 6));
}

}  // namespace
}  // namespace pg
