// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

namespace vnet::flow {
namespace {

struct WheelTest : ::testing::Test {
    graph::StableArray<Session> sessions{1000};
    /// Near the end of what a tick can say: it wraps in every test.
    static constexpr Tick start = ~Tick(0) - 20;
    Wheel wheel{sessions, 64, start};
};

TEST_F(WheelTest, GivesEachOutBehindItsTick) {
    wheel.add(1, start + 10);
    wheel.add(2, start + 30);
    wheel.add(3, start + 10);
    EXPECT_EQ(wheel.size(), 3U);
    EXPECT_EQ(wheel.take_due(start + 10), 0U);
    EXPECT_EQ(wheel.take_due(start + 11), 1U);
    EXPECT_EQ(wheel.take_due(start + 11), 3U);
    EXPECT_EQ(wheel.take_due(start + 11), 0U);
    EXPECT_EQ(wheel.first_due(), start + 30);
    EXPECT_EQ(wheel.take_due(start + 1000), 2U);
    EXPECT_EQ(wheel.size(), 0U);
    EXPECT_EQ(wheel.take_due(start + 1000), 0U);
}

TEST_F(WheelTest, LooksOnceATurnAtWhatIsFurtherAway) {
    wheel.add(1, start + 500);
    EXPECT_EQ(wheel.take_due(start + 63), 0U);
    EXPECT_EQ(wheel.take_due(start + 64), 1U);
    // And at once at what was due before it came.
    wheel.add(2, start + 3);
    EXPECT_EQ(wheel.take_due(start + 64), 2U);
}

TEST_F(WheelTest, TakesTheFirstOfTheFirstTick) {
    wheel.add(5, start + 40);
    wheel.add(6, start + 20);
    wheel.add(7, start + 20);
    EXPECT_EQ(wheel.first_due(), start + 20);
    EXPECT_EQ(wheel.take_first(), 6U);
    EXPECT_EQ(wheel.take_first(), 7U);
    EXPECT_EQ(wheel.take_first(), 5U);
}

TEST_F(WheelTest, RemovesFromAnywhere) {
    for (const SessionIndex gone : {1U, 2U, 3U}) {
        for (const SessionIndex index : {1U, 2U, 3U}) {
            wheel.add(index, start + 5);
        }
        wheel.remove(gone);
        std::vector<SessionIndex> left;
        while (wheel.size() != 0) {
            left.push_back(wheel.take_first());
        }
        std::vector<SessionIndex> expected = {1, 2, 3};
        std::erase(expected, gone);
        EXPECT_EQ(left, expected);
    }
}

TEST_F(WheelTest, AgreesWithAMap) {
    Wheel wide(sessions, 128, start);
    std::map<SessionIndex, Tick> due;
    // In which order they came.
    std::map<SessionIndex, unsigned> came;
    std::mt19937 random(7);
    Tick now = start;
    for (unsigned round = 0; round < 100'000; ++round) {
        const SessionIndex index = 1 + random() % 999;
        if (due.contains(index)) {
            wide.remove(index);
            due.erase(index);
        } else {
            due[index] = now + random() % 127;
            came[index] = round;
            wide.add(index, due[index]);
        }
        if (round % 32 < 3 && !due.empty()) {
            const auto is_before = [&](const auto& one, const auto& other) {
                return std::pair(one.second - now, came.at(one.first)) <
                       std::pair(other.second - now, came.at(other.first));
            };
            const auto first = *std::min_element(due.begin(), due.end(), is_before);
            ASSERT_EQ(wide.first_due(), first.second);
            if (random() % 2 == 0) {
                ASSERT_EQ(wide.take_first(), first.first);
                due.erase(first.first);
            }
        }
        if (round % 16 == 0) {
            now += random() % 8;
            while (const SessionIndex taken = wide.take_due(now)) {
                ASSERT_LT(int32_t(due.at(taken) - now), 0);
                due.erase(taken);
            }
            for (const auto& [left, tick] : due) {
                ASSERT_GE(int32_t(tick - now), 0);
            }
        }
        ASSERT_EQ(wide.size(), due.size());
    }
}

}  // namespace
}  // namespace vnet::flow
