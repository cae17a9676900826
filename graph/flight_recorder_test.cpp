// SPDX-License-Identifier: Apache-2.0
#include "graph/flight_recorder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "graph/testing/bench.hpp"
#include "graph/wall_clock.hpp"

namespace graph {
namespace {

class FlightRecording : public ::testing::Test {
protected:
    ~FlightRecording() override { free_packets(packets_); }
    /// A packet that was dropped for a reason; lives as long as the test.
    Packet* dropped(DropId reason, size_t size = 60) {
        Packet* const packet = testing::pool().allocate();
        EXPECT_TRUE(packet->resize(uint32_t(size)));
        std::memset(packet->data(), reason & 0xff, size);
        packet->meta().drop = reason;
        packets_.push_back(packet);
        return packet;
    }
    void record(Packet* packet, uint64_t now_tsc) { recorder_.record({&packet, 1}, now_tsc); }
    std::vector<DropRecord> read() const {
        std::vector<DropRecord> records;
        recorder_.read(records);
        return records;
    }

    std::vector<Packet*> packets_;
    FlightRecorder recorder_;
};

TEST_F(FlightRecording, KeepsThePacketAsItWas) {
    Packet* const packet = dropped(7, 1000);
    packet->meta().rx_interface = 3;
    recorder_.set_lane(5);
    record(packet, 123);
    packet->meta().rx_interface = 4;
    const auto records = read();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].meta.drop, 7);
    EXPECT_EQ(records[0].meta.rx_interface, 3u);
    EXPECT_EQ(records[0].tsc, 123u);
    EXPECT_EQ(records[0].length, 1000u);
    EXPECT_EQ(records[0].captured, DropRecord::captured_bytes);
    EXPECT_EQ(records[0].lane, 5);
    EXPECT_EQ(records[0].bytes.back(), std::byte{7});
    EXPECT_EQ(read().size(), 1u) << "reading takes nothing away";
}

TEST_F(FlightRecording, KeepsTheLast) {
    Packet* const packet = dropped(1);
    for (uint64_t tsc = 1; tsc <= FlightRecorder::capacity + 10; ++tsc) {
        record(packet, tsc);
    }
    const auto records = read();
    ASSERT_EQ(records.size(), FlightRecorder::capacity);
    EXPECT_EQ(records.front().tsc, 11u);
    EXPECT_EQ(records.back().tsc, FlightRecorder::capacity + 10);
    EXPECT_EQ(recorder_.passed_over(), 0u);
}

TEST_F(FlightRecording, AFloodLeavesRoomForOtherReasons) {
    std::vector<Packet*> vector(100, dropped(1));
    vector[50] = dropped(2);
    recorder_.record(vector, 10);
    EXPECT_EQ(read().size(), FlightRecorder::most_of_a_reason + 1);
    EXPECT_EQ(recorder_.passed_over(), 99 - FlightRecorder::most_of_a_reason);
    recorder_.record(vector, 10);
    EXPECT_EQ(read().size(), FlightRecorder::most_of_a_reason + 2)
        << "still the same vector, whose other reason is a second time there";
    recorder_.record(vector, 11);
    EXPECT_EQ(read().size(), 2 * FlightRecorder::most_of_a_reason + 3);
}

TEST_F(FlightRecording, ReasonsOfAVectorAreBounded) {
    std::vector<Packet*> vector;
    for (DropId reason = 0; reason < 20; ++reason) {
        vector.push_back(dropped(reason));
    }
    recorder_.record(vector, 10);
    EXPECT_EQ(read().size(), FlightRecorder::most_reasons);
}

TEST_F(FlightRecording, IsReadWhileItIsWritten) {
    std::vector<Packet*> packets;
    for (DropId reason = 0; reason < 64; ++reason) {
        packets.push_back(dropped(reason, DropRecord::captured_bytes));
        packets.back()->meta().rx_interface = reason;
        packets.back()->meta().flow_hash = reason;
    }
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (uint64_t tsc = 1; !stop.load(std::memory_order_relaxed); ++tsc) {
            recorder_.record({&packets[tsc % packets.size()], 1}, tsc);
        }
    });
    uint64_t seen = 0;
    while (seen < 200'000) {
        uint64_t before = 0;
        for (const DropRecord& record : read()) {
            ++seen;
            ASSERT_GT(record.tsc, before);
            before = record.tsc;
            ASSERT_EQ(record.meta.drop, record.tsc % packets.size());
            ASSERT_EQ(record.meta.rx_interface, record.meta.drop);
            ASSERT_EQ(record.meta.flow_hash, record.meta.drop);
            ASSERT_EQ(record.bytes.front(), std::byte(record.meta.drop));
            ASSERT_EQ(record.bytes.back(), std::byte(record.meta.drop));
        }
    }
    stop = true;
    writer.join();
}

TEST(WallClock, AgreesWithTheSystem) {
    testing::start_eal();
    WallClock clock;
    clock.refresh();
    const auto now = uint64_t(
        std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
    const uint64_t told = clock.unix_ns(rte_rdtsc());
    EXPECT_LT(told > now ? told - now : now - told, 1'000'000'000u);
    const uint64_t tsc = rte_rdtsc();
    EXPECT_LT(clock.unix_ns(tsc - 1'000'000), clock.unix_ns(tsc));
}

}  // namespace
}  // namespace graph
