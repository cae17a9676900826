// SPDX-License-Identifier: Apache-2.0
#include "graph/byte_ring.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace graph {
namespace {

bool put(ByteRing& ring, size_t size, uint8_t fill) {
    std::byte* const room = ring.reserve(size);
    if (room != nullptr) {
        std::memset(room, fill, size);
    }
    return room != nullptr;
}

TEST(ByteRing, GivesWhatWasPutInItsOrder) {
    ByteRing ring(256);
    EXPECT_TRUE(ring.front().empty());
    ASSERT_TRUE(put(ring, 3, 1));
    ASSERT_TRUE(put(ring, 17, 2));
    EXPECT_TRUE(ring.front().empty()) << "not shown yet";
    ring.publish();
    ASSERT_EQ(ring.front().size(), 3u);
    EXPECT_EQ(ring.front()[2], std::byte{1});
    EXPECT_EQ(ring.front().size(), 3u) << "looking does not take";
    ring.pop();
    ASSERT_EQ(ring.front().size(), 17u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(ring.front().data()) % 8, 0u);
    ring.pop();
    EXPECT_TRUE(ring.front().empty());
}

TEST(ByteRing, RefusesWhatDoesNotFit) {
    ByteRing ring(128);
    unsigned fitted = 0;
    while (put(ring, 8, uint8_t(fitted))) {
        ++fitted;
    }
    EXPECT_EQ(fitted, 128 / ByteRing::footprint(8));
    ring.publish();
    EXPECT_EQ(ring.front()[0], std::byte{0});
    ring.pop();
    EXPECT_TRUE(put(ring, 8, 99)) << "there is room again";
    EXPECT_FALSE(put(ring, 8, 99));
    EXPECT_FALSE(put(ring, 1000, 99)) << "never fits";
}

TEST(ByteRing, ARecordLiesInOnePieceAtTheEndToo) {
    ByteRing ring(256);
    uint8_t next_in = 0;
    uint8_t next_out = 0;
    for (unsigned round = 0; round < 1000; ++round) {
        const size_t size = 1 + round * 7 % 90;
        while (!put(ring, size, next_in)) {
            ring.publish();
            const auto record = ring.front();
            ASSERT_FALSE(record.empty());
            for (const std::byte byte : record) {
                ASSERT_EQ(byte, std::byte{next_out});
            }
            ++next_out;
            ring.pop();
        }
        ++next_in;
        ring.publish();
    }
}

TEST(ByteRing, BetweenTwoThreads) {
    constexpr uint32_t records = 200'000;
    ByteRing ring(4096);
    std::thread producer([&] {
        for (uint32_t number = 0; number < records;) {
            std::byte* const room = ring.reserve(4 + number % 100);
            if (room == nullptr) {
                std::this_thread::yield();
                continue;
            }
            std::memcpy(room, &number, sizeof(number));
            if (++number % 3 == 0 || number == records) {
                ring.publish();
            }
        }
    });
    uint32_t expected = 0;
    while (expected < records) {
        const auto record = ring.front();
        if (record.empty()) {
            std::this_thread::yield();
            continue;
        }
        uint32_t number = 0;
        std::memcpy(&number, record.data(), sizeof(number));
        ASSERT_EQ(number, expected);
        ASSERT_EQ(record.size(), 4 + number % 100);
        ++expected;
        ring.pop();
    }
    producer.join();
    EXPECT_TRUE(ring.front().empty());
}

}  // namespace
}  // namespace graph
