// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/pacer.hpp"

#include <gtest/gtest.h>

namespace pg {
namespace {

constexpr uint64_t hz = 2'300'000'000;

/// Takes what is due every `step` clocks from `begin` on; returns how much that was.
uint64_t run(Pacer& pacer, uint64_t begin, uint64_t clocks, uint64_t step) {
    uint64_t total = 0;
    for (uint64_t now = begin; now < begin + clocks; now += step) {
        const uint64_t due = pacer.due(now);
        pacer.sent(due);
        total += due;
    }
    return total;
}

TEST(Pacer, WithoutRateEverythingIsDue) {
    Pacer pacer(0, hz, 256);
    pacer.sent(1'000'000);
    EXPECT_GT(pacer.due(5), 1'000'000'000U);
}

TEST(Pacer, TheFirstPacketIsDueAtOnce) {
    Pacer pacer(1, hz, 256);
    EXPECT_EQ(pacer.due(77), 1U);
    pacer.sent(1);
    EXPECT_EQ(pacer.due(77 + hz - 1), 0U);
    EXPECT_EQ(pacer.due(77 + hz), 1U);
}

TEST(Pacer, KeepsItsRateExactly) {
    for (const uint64_t rate :
         {uint64_t(1), uint64_t(7), uint64_t(1000), uint64_t(999'983), Pacer::highest_rate}) {
        Pacer pacer(rate, hz, 256);
        EXPECT_NEAR(double(run(pacer, 1, 10 * hz, hz / 1000)), double(10 * rate),
                    double(rate) / 500 + 1)
            << rate;
    }
}

TEST(Pacer, DoesNotMakeUpForALongPause) {
    Pacer pacer(10'000, hz, 64);
    EXPECT_EQ(run(pacer, 1, 1, 1), 1U);
    EXPECT_EQ(pacer.due(1 + 3600 * hz), 100U);
    pacer.sent(100);
    EXPECT_EQ(pacer.due(1 + 3600 * hz), 0U);
    EXPECT_EQ(pacer.due(1 + 3600 * hz + hz / 1000), 10U);
}

TEST(Pacer, APauseBeforeRestartDoesNotCount) {
    Pacer pacer(10'000, hz, 64);
    EXPECT_EQ(run(pacer, 1, 1, 1), 1U);
    pacer.restart();
    EXPECT_EQ(pacer.due(100 * hz), 1U);
}

}  // namespace
}  // namespace pg
