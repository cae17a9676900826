// SPDX-License-Identifier: Apache-2.0
#include "perf/histogram.hpp"

#include <gtest/gtest.h>

#include <random>

namespace perf {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram histogram;
    EXPECT_EQ(histogram.total(), 0u);
    EXPECT_EQ(histogram.smallest(), 0u);
    EXPECT_EQ(histogram.largest(), 0u);
    EXPECT_EQ(histogram.percentile(0.5), 0u);
}

TEST(Histogram, KnowsSmallValuesExactly) {
    Histogram histogram;
    for (uint64_t value = 1; value <= 200; ++value) {
        histogram.add(value);
    }
    EXPECT_EQ(histogram.percentile(0), 1u);
    EXPECT_EQ(histogram.percentile(0.5), 100u);
    EXPECT_EQ(histogram.percentile(0.99), 198u);
    EXPECT_EQ(histogram.percentile(1), 200u);
    EXPECT_EQ(histogram.smallest(), 1u);
}

TEST(Histogram, KnowsEveryValueToWithinAStep) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        const uint64_t value = random() >> (random() % 64);
        Histogram histogram;
        histogram.add(value);
        histogram.visit([&](uint64_t last, uint64_t count) {
            EXPECT_EQ(count, 1u);
            EXPECT_GE(last, value);
            EXPECT_LE(last - value, value / 128);
        });
        EXPECT_EQ(histogram.percentile(1), value);
    }
}

TEST(Histogram, HoldsTheLargestNumber) {
    Histogram histogram;
    histogram.add(0);
    histogram.add(std::numeric_limits<uint64_t>::max());
    EXPECT_EQ(histogram.percentile(0.5), 0u);
    EXPECT_EQ(histogram.percentile(1), std::numeric_limits<uint64_t>::max());
}

TEST(Histogram, StepsFollowOneAnother) {
    Histogram histogram;
    for (uint64_t value = 0; value < 5000; ++value) {
        histogram.add(value);
    }
    uint64_t all = 0;
    uint64_t before = 0;
    histogram.visit([&](uint64_t last, uint64_t count) {
        EXPECT_TRUE(all == 0 || last > before);
        before = last;
        all += count;
        EXPECT_EQ(all, std::min<uint64_t>(last + 1, 5000));
    });
    EXPECT_EQ(all, 5000u);
}

}  // namespace
}  // namespace perf
