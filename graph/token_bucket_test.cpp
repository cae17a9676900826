// SPDX-License-Identifier: Apache-2.0
#include "graph/token_bucket.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace graph {
namespace {

__extension__ using Wide = unsigned __int128;

TEST(TokenRate, IsRightToATokenAtAnyTimeAndRate) {
    std::mt19937_64 random(1);
    for (const uint64_t clocks : {1'000ULL, 1'000'000ULL, 1'999'999'999ULL, 2'300'000'000ULL}) {
        for (const uint64_t rate :
             {1ULL, 7ULL, 1'000ULL, 1'000'003ULL, 50'000'000'000ULL, 1'000'000'000'000ULL}) {
            const TokenRate tokens(rate, clocks);
            for (int i = 0; i < 200; ++i) {
                // Up to a day, from anywhere within three years.
                const uint64_t begin = random() % (clocks * 100'000'000);
                const uint64_t clocks_of = random() % (clocks * 86'400);
                const auto exact = uint64_t(Wide(rate) * clocks_of / clocks);
                const uint64_t made = tokens.made(begin + clocks_of) - tokens.made(begin);
                const uint64_t off = 1 + (exact >> 54);
                ASSERT_GE(made + off, exact) << rate << " " << clocks;
                ASSERT_LE(made, exact + off) << rate << " " << clocks;
            }
        }
    }
    EXPECT_EQ(TokenRate().made(~uint64_t(0)), 0U);
    EXPECT_EQ(TokenRate(0, 1000).made(~uint64_t(0)), 0U);
}

TEST(TokenRate, MakesATokenAtItsTimeAndNotAClockEarlier) {
    constexpr uint64_t second = 1'000'000'000;
    const TokenRate tokens(1000, second);
    for (uint64_t n = 1; n < 100'000; ++n) {
        ASSERT_EQ(tokens.made(n * (second / 1000)), n);
        ASSERT_EQ(tokens.made(n * (second / 1000) - 1), n - 1);
    }
}

/// A bucket of ten at a moment.
auto at(uint64_t made) {
    return [made] { return TokenBucket::Level{made, 10}; };
}

TEST(TokenBucket, BeginsFullAndHoldsNoMore) {
    TokenBucket bucket;
    EXPECT_EQ(bucket.available({5000, 10}), 10U);
    const auto taken = bucket.take(4, at(5000));
    EXPECT_EQ(taken.got, 4U);
    EXPECT_EQ(taken.had, 10U);
    EXPECT_EQ(bucket.available({5000, 10}), 6U);
    EXPECT_EQ(bucket.available({5001, 10}), 7U);
    EXPECT_EQ(bucket.available({9000, 10}), 10U);
    EXPECT_EQ(bucket.take(20, at(5002)).got, 8U);
    EXPECT_EQ(bucket.take(20, at(5002)).got, 0U);
    // Somebody's clock is behind.
    EXPECT_EQ(bucket.take(20, at(4000)).got, 0U);
    EXPECT_FALSE(bucket.take_all(3, at(5004)));
    EXPECT_TRUE(bucket.take_all(2, at(5004)));
    EXPECT_EQ(bucket.available({5004, 10}), 0U);
    bucket.give_back(3);
    EXPECT_EQ(bucket.available({5004, 10}), 3U);
    EXPECT_EQ(TokenBucket(bucket).available({5004, 10}), 3U);
    bucket.fill();
    // At another rate less may have been made than was gone before.
    EXPECT_EQ(bucket.available({7, 10}), 10U);
    EXPECT_EQ(bucket.take(9, at(700)).got, 9U);
    EXPECT_EQ(bucket.available({700, 10}), 1U);
}

TEST(TokenBucket, AllTogetherTakeWhatIsMadeAndNoMore) {
    TokenBucket bucket;
    std::atomic<uint64_t> made{1'000'000};
    std::atomic<uint64_t> got{0};
    const auto worker = [&] {
        for (int i = 0; i < 200'000; ++i) {
            const auto taken = bucket.take(3, [&] {
                return TokenBucket::Level{made.load(std::memory_order_relaxed), 1000};
            });
            // Every other time something is not needed.
            const uint64_t back = i % 2 == 0 ? taken.got / 2 : 0;
            bucket.give_back(back);
            got.fetch_add(taken.got - back, std::memory_order_relaxed);
            if (i % 4 == 0) {
                made.fetch_add(1, std::memory_order_relaxed);
            }
        }
    };
    std::vector<std::thread> workers;
    for (int i = 0; i < 3; ++i) {
        workers.emplace_back(worker);
    }
    for (std::thread& one : workers) {
        one.join();
    }
    EXPECT_LE(got.load(), made.load() - 1'000'000 + 1000);
    // It was empty all the time but for a moment at a time: next to nothing was lost.
    EXPECT_EQ(bucket.take(5000,
                          [&] {
                              return TokenBucket::Level{made.load(), 1000};
                          })
                      .got +
                  got.load(),
              made.load() - 1'000'000 + 1000);
}

}  // namespace
}  // namespace graph
