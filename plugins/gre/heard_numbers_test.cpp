// SPDX-License-Identifier: Apache-2.0
#include "plugins/gre/heard_numbers.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace gre {
namespace {

constexpr uint32_t half = 0x8000'0000;

TEST(HeardNumbers, TakeTheFirstAsItIs) {
    for (const uint32_t first : {0U, 1U, half - 1, half, half + 1, ~0U}) {
        HeardNumbers numbers{};
        EXPECT_TRUE(numbers.take(first)) << first;
        EXPECT_FALSE(numbers.take(first)) << first;
        EXPECT_TRUE(numbers.take(first + 1)) << first;
        numbers.begin();
        EXPECT_TRUE(numbers.take(first)) << first;
    }
}

TEST(HeardNumbers, GoRound) {
    HeardNumbers numbers{};
    EXPECT_TRUE(numbers.take(~0U));
    EXPECT_TRUE(numbers.take(10));
    EXPECT_FALSE(numbers.take(~0U));
    EXPECT_TRUE(numbers.take(11));
    EXPECT_TRUE(numbers.take(11 + half));
    EXPECT_FALSE(numbers.take(12));
}

TEST(HeardNumbers, BeginAnewWhereManyInARowAreLate) {
    HeardNumbers numbers{};
    EXPECT_TRUE(numbers.take(1000));
    for (uint32_t i = 0; i + 1 < HeardNumbers::most_late; ++i) {
        EXPECT_FALSE(numbers.take(i));
    }
    // One that is not late, and they count anew.
    EXPECT_TRUE(numbers.take(1001));
    for (uint32_t i = 0; i + 1 < HeardNumbers::most_late; ++i) {
        EXPECT_FALSE(numbers.take(i));
    }
    EXPECT_TRUE(numbers.take(500));
    EXPECT_FALSE(numbers.take(500));
    EXPECT_TRUE(numbers.take(501));
}

TEST(HeardNumbers, SayWhatTheyWouldTake) {
    HeardNumbers numbers{};
    EXPECT_TRUE(numbers.would_take(half));
    EXPECT_TRUE(numbers.take(5));
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(numbers.would_take(5));
    }
    EXPECT_TRUE(numbers.would_take(6));
    EXPECT_TRUE(numbers.take(6));
}

TEST(HeardNumbers, AreTakenByOneOfSeveralWorkers) {
    HeardNumbers numbers{};
    std::vector<uint32_t> taken(4);
    std::vector<std::thread> workers;
    constexpr uint32_t most = 20'000;
    for (uint32_t& mine : taken) {
        workers.emplace_back([&numbers, &mine] {
            for (uint32_t number = 0; number < most; ++number) {
                // The row of late ones is kept short: this is not about beginning anew.
                mine += numbers.would_take(number) && numbers.take(number);
            }
        });
    }
    for (std::thread& worker : workers) {
        worker.join();
    }
    EXPECT_LE(taken[0] + taken[1] + taken[2] + taken[3], most);
}

}  // namespace
}  // namespace gre
