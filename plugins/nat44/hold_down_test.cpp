// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/hold_down.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

namespace nat44 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct HoldDownTest : ::testing::Test {
    std::vector<uint16_t> expired(vnet::flow::Tick now) {
        held.expire(now, release);
        return std::exchange(released, {});
    }
    std::vector<uint16_t> released;
    std::function<void(uint16_t)> release = [this](uint16_t what) { released.push_back(what); };
    HoldDown<uint16_t> held{3, 100};
};

TEST_F(HoldDownTest, LetsGoInOrderWhenTheTimeIsOver) {
    held.hold(1, 10, release);
    held.hold(2, 20, release);
    EXPECT_THAT(expired(109), IsEmpty());
    EXPECT_THAT(expired(110), ElementsAre(1));
    held.hold(3, 115, release);
    EXPECT_THAT(expired(1000), ElementsAre(2, 3));
    EXPECT_THAT(expired(2000), IsEmpty());
}

TEST_F(HoldDownTest, HoldsNoMoreThanItMay) {
    for (const uint16_t what : {1, 2, 3, 4, 5}) {
        held.hold(what, 10, release);
    }
    EXPECT_THAT(released, ElementsAre(1, 2));
    released.clear();
    EXPECT_THAT(expired(110), ElementsAre(3, 4, 5));
}

TEST_F(HoldDownTest, GivesBackWhatIsWanted) {
    held.hold(1, 10, release);
    held.hold(2, 10, release);
    const auto even = [](uint16_t what) { return what % 2 == 0; };
    EXPECT_EQ(held.take(even), 2);
    EXPECT_EQ(held.take(even), std::nullopt);
    EXPECT_THAT(expired(110), ElementsAre(1));
}

/// What nobody has looked for is given back late; it is not counted for that long.
TEST_F(HoldDownTest, CountsWhatIsHeldStill) {
    const auto all = std::make_shared<HeldCount>(100);
    {
        HoldDown<uint16_t> one{3, 100, all};
        HoldDown<uint16_t> other{10, 100, all};
        for (const uint16_t what : {1, 2, 3, 4}) {
            one.hold(what, 10, release);
            other.hold(what, 60, release);
        }
        EXPECT_EQ(all->held(60), 7U);
        EXPECT_EQ(one.over(60), 0U);
        EXPECT_EQ(all->held(125), 4U);
        EXPECT_EQ(one.over(125), 3U);
        (void)other.take([](uint16_t what) { return what == 2; });
        EXPECT_EQ(all->held(125), 3U);
        EXPECT_EQ(all->held(1000), 0U);
        EXPECT_EQ(other.over(1000), 3U);
        // Long after, in the place of what was due then.
        one.hold(5, 10 + 16 * 13, release);
        EXPECT_EQ(all->held(10 + 16 * 13), 1U);
        one.expire(10 + 16 * 13, release);
        EXPECT_EQ(all->held(10 + 16 * 13), 1U);
        EXPECT_EQ(one.over(10 + 16 * 13), 0U);
    }
    EXPECT_EQ(all->held(10 + 16 * 13), 0U) << "it goes with its address";
}

TEST_F(HoldDownTest, TimeWraps) {
    held.hold(1, ~vnet::flow::Tick{0} - 10, release);
    EXPECT_THAT(expired(~vnet::flow::Tick{0}), IsEmpty());
    EXPECT_THAT(expired(88), IsEmpty());
    EXPECT_THAT(expired(89), ElementsAre(1));
}

}  // namespace
}  // namespace nat44
