// SPDX-License-Identifier: Apache-2.0
#include "graph/lanes.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "graph/packet_pool.hpp"
#include "graph/testing/bench.hpp"
#include "graph/testing/wait.hpp"

namespace graph {
namespace {

class LanesTest : public ::testing::Test {
protected:
    LanesTest() { testing::start_eal(); }
    std::vector<Packet*> make(unsigned count, uint32_t first = 0) {
        std::vector<Packet*> packets(count);
        EXPECT_TRUE(testing::pool().allocate(packets));
        for (Packet* packet : packets) {
            packet->meta().flow_hash = first++;
        }
        return packets;
    }
};

TEST_F(LanesTest, KeepsTheOrderAndRefusesWhatIsTooMuch) {
    Lane lane(64);
    const auto packets = make(100);
    EXPECT_EQ(lane.push(packets), 64u);
    EXPECT_EQ(lane.refused(), 36u);
    EXPECT_EQ(lane.push(std::span(packets).subspan(64)), 0u);
    EXPECT_EQ(lane.refused(), 72u);
    Packet* out[48];
    EXPECT_EQ(lane.pop(out), 48u);
    EXPECT_EQ(lane.push(std::span(packets).subspan(64)), 36u);
    EXPECT_EQ(lane.pushed() - lane.popped(), 52u);
    uint32_t next = 0;
    for (unsigned got = 48; got != 0; got = lane.pop(out)) {
        for (unsigned i = 0; i < got; ++i) {
            EXPECT_EQ(out[i]->meta().flow_hash, next++);
        }
        free_packets({out, got});
    }
    EXPECT_EQ(next, 100u);
}

TEST_F(LanesTest, FreesWhatIsLeft) {
    const unsigned before = testing::pool().available();
    {
        Lanes lanes(2, 64);
        EXPECT_EQ(lanes.push(0, 1, make(10)), 10u);
        EXPECT_EQ(lanes.push(1, 0, make(10)), 10u);
        lanes.clear();
        EXPECT_FALSE(lanes.news(0) || lanes.news(1));
        EXPECT_EQ(lanes.push(0, 1, make(10)), 10u);
    }
    EXPECT_EQ(testing::pool().available(), before);
}

TEST_F(LanesTest, NewsAreForTheReceiver) {
    Lanes lanes(3, 512);
    EXPECT_EQ(lanes.push(0, 2, make(300)), 300u);
    EXPECT_EQ(lanes.push(1, 2, make(5)), 5u);
    EXPECT_FALSE(lanes.news(0));
    EXPECT_FALSE(lanes.news(1));
    EXPECT_TRUE(lanes.news(2));
    std::vector<size_t> vectors;
    const auto take = [&](std::span<Packet* const> packets) {
        vectors.push_back(packets.size());
        free_packets(packets);
    };
    EXPECT_EQ(lanes.drain(2, take), vector_size + 5);
    EXPECT_TRUE(lanes.news(2)) << "the rest of the long lane";
    EXPECT_EQ(lanes.drain(2, take), 300u - vector_size);
    EXPECT_FALSE(lanes.news(2));
    EXPECT_EQ(vectors, (std::vector<size_t>{vector_size, 5, 300 - vector_size}));
}

TEST_F(LanesTest, TwoSendersOneReceiver) {
    constexpr uint32_t each = 20'000;
    Lanes lanes(3, 128);
    std::atomic<uint32_t> sent{0};
    const auto send = [&](unsigned from) {
        // Which thread frees a packet does not matter to a pool, but only registered ones have a
        // cache: these packets never come back to it until the end.
        for (uint32_t number = 0; number < each;) {
            Packet* packet = testing::pool().allocate();
            if (packet == nullptr) {
                std::this_thread::yield();
                continue;
            }
            packet->meta().rx_interface = from;
            packet->meta().flow_hash = number;
            while (lanes.push(from, 2, {&packet, 1}) == 0) {
                std::this_thread::yield();
            }
            ++number;
            ++sent;
        }
    };
    std::thread one(send, 0);
    std::thread two(send, 1);
    uint32_t next[2] = {0, 0};
    uint32_t disorder = 0;
    EXPECT_TRUE(testing::eventually([&] {
        lanes.drain(2, [&](std::span<Packet* const> packets) {
            for (Packet* packet : packets) {
                disorder += packet->meta().flow_hash != next[packet->meta().rx_interface]++;
            }
            free_packets(packets);
        });
        return next[0] + next[1] == 2 * each;
    }));
    one.join();
    two.join();
    EXPECT_EQ(disorder, 0u);
    lanes.wait_passed(0);
    lanes.wait_passed(1);
}

}  // namespace
}  // namespace graph
