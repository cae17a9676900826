// SPDX-License-Identifier: Apache-2.0
#include "floors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ttl_guard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Floors, BeginEmpty) {
    const Floors floors(2);
    EXPECT_EQ(floors.lowest(7), 0);
    EXPECT_EQ(floors.floor(7), 0);
    EXPECT_THAT(floors.interfaces(), IsEmpty());
}

TEST(Floors, AreSetReplacedAndRemoved) {
    Floors floors(2);
    floors.set(7, 254);
    floors.set(3, 255);
    EXPECT_EQ(floors.lowest(7), 254);
    floors.set(7, 64);
    EXPECT_EQ(floors.floor(7), 64);
    EXPECT_THAT(floors.interfaces(), ElementsAre(3, 7));
    floors.remove(7);
    EXPECT_EQ(floors.lowest(7), 0);
    EXPECT_THAT(floors.interfaces(), ElementsAre(3));
}

TEST(Floors, CountForAllWorkersButNotForDryRuns) {
    Floors floors(3);
    floors.set(7, 255);
    floors.count_passed(0, 7);
    floors.count_passed(1, 7);
    floors.count_dropped(1, 7);
    floors.count_dropped(2, 7);
    EXPECT_EQ(floors.totals(7).passed, 2U);
    EXPECT_EQ(floors.totals(7).dropped, 1U);
}

TEST(Floors, CountFromZeroWhereThereWasNone) {
    Floors floors(2);
    floors.set(7, 255);
    floors.count_dropped(0, 7);
    floors.set(7, 254);
    EXPECT_EQ(floors.totals(7).dropped, 1U);
    floors.remove(7);
    EXPECT_EQ(floors.totals(7).dropped, 0U);
    floors.set(7, 255);
    EXPECT_EQ(floors.totals(7).dropped, 0U);
    floors.count_dropped(0, 7);
    EXPECT_EQ(floors.totals(7).dropped, 1U);
}

}  // namespace
}  // namespace ttl_guard
