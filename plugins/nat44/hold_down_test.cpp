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

TEST_F(HoldDownTest, TimeWraps) {
    held.hold(1, ~vnet::flow::Tick{0} - 10, release);
    EXPECT_THAT(expired(~vnet::flow::Tick{0}), IsEmpty());
    EXPECT_THAT(expired(88), IsEmpty());
    EXPECT_THAT(expired(89), ElementsAre(1));
}

}  // namespace
}  // namespace nat44
