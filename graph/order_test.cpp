// SPDX-License-Identifier: Apache-2.0
#include "graph/order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graph {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> names(const std::vector<OrderItem>& items, const Order& order) {
    std::vector<std::string> result;
    for (const size_t item : order.sequence) {
        result.push_back(items[item].name);
    }
    return result;
}

TEST(Order, NothingIsInOrder) {
    const auto order = sort_by_constraints("arc 'x'", {});
    ASSERT_TRUE(order.ok());
    EXPECT_THAT(order->sequence, IsEmpty());
}

TEST(Order, BeforeAndAfterHold) {
    const std::vector<OrderItem> items = {{"a", "core", {}, {"b"}},
                                          {"b", "core", {}, {"c"}},
                                          {"c", "core", {}, {}},
                                          {"z", "core", {"c"}, {}}};
    const auto order = sort_by_constraints("arc 'x'", items);
    ASSERT_TRUE(order.ok()) << order.status();
    EXPECT_THAT(names(items, *order), ElementsAre("z", "c", "b", "a"));
    EXPECT_THAT(order->warnings, IsEmpty());
}

TEST(Order, TiesGoByNameWhateverCameFirst) {
    std::vector<OrderItem> items = {{"c", "p3", {}, {}}, {"a", "p1", {}, {}}, {"b", "p2", {}, {}}};
    const auto one = sort_by_constraints("arc 'x'", items);
    ASSERT_TRUE(one.ok());
    EXPECT_THAT(names(items, *one), ElementsAre("a", "b", "c"));
    std::swap(items[0], items[1]);
    const auto other = sort_by_constraints("arc 'x'", items);
    ASSERT_TRUE(other.ok());
    EXPECT_THAT(names(items, *other), ElementsAre("a", "b", "c"));
}

TEST(Order, UnknownNameIsRefusedByName) {
    const auto order =
        sort_by_constraints("arc 'x'", {{"a", "core", {"nowhere"}, {}}, {"b", "core", {}, {}}});
    EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(order.status().message(),
                AllOf(HasSubstr("arc 'x'"), HasSubstr("'a'"), HasSubstr("'nowhere'"),
                      HasSubstr("known are: a, b")));
}

TEST(Order, OptionalNameMayBeAbsentAndStillRelatesOthers) {
    const std::vector<OrderItem> items = {{"z", "core", {"gone"}, {}}, {"a", "core", {}, {"gone"}}};
    const auto order = sort_by_constraints("arc 'x'", items, {"gone"});
    ASSERT_TRUE(order.ok()) << order.status();
    EXPECT_THAT(names(items, *order), ElementsAre("z", "a"));
}

TEST(Order, CircleIsNamed) {
    const auto order = sort_by_constraints("arc 'x'", {{"a", "p", {"b"}, {}},
                                                       {"b", "p", {"c"}, {}},
                                                       {"c", "q", {"a"}, {}},
                                                       {"d", "p", {}, {"a"}}});
    EXPECT_EQ(order.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(order.status().message(), HasSubstr("'a' before 'b' before 'c' before 'a'"));
}

TEST(Order, BeforeItselfIsACircle) {
    const auto order = sort_by_constraints("arc 'x'", {{"a", "p", {"a"}, {}}});
    EXPECT_EQ(order.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(order.status().message(), HasSubstr("'a' before 'a'"));
}

TEST(Order, OneOwnerMustSayTheOrder) {
    const auto order = sort_by_constraints("arc 'x'", {{"a", "nat", {}, {}}, {"b", "nat", {}, {}}});
    EXPECT_EQ(order.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(order.status().message(), AllOf(HasSubstr("'a' and 'b'"), HasSubstr("nat")));
}

TEST(Order, OneOwnerMustSayTheOrderAlsoWithAnotherInBetween) {
    const auto order = sort_by_constraints(
        "arc 'x'", {{"a", "nat", {}, {}}, {"b", "acl", {}, {}}, {"c", "nat", {}, {}}});
    EXPECT_EQ(order.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(order.status().message(), HasSubstr("'a' and 'c'"));
}

TEST(Order, OrderThatFollowsFromOthersIsEnough) {
    const std::vector<OrderItem> items = {
        {"c", "nat", {"b"}, {}}, {"b", "acl", {"a"}, {}}, {"a", "nat", {}, {}}};
    const auto order = sort_by_constraints("arc 'x'", items);
    ASSERT_TRUE(order.ok()) << order.status();
    EXPECT_THAT(names(items, *order), ElementsAre("c", "b", "a"));
    EXPECT_THAT(order->warnings, IsEmpty());
}

TEST(Order, DifferentOwnersAreWarnedOf) {
    const auto order = sort_by_constraints("arc 'x'", {{"a", "nat", {}, {}}, {"b", "acl", {}, {}}});
    ASSERT_TRUE(order.ok());
    ASSERT_THAT(order->warnings, SizeIs(1));
    EXPECT_THAT(order->warnings[0], AllOf(HasSubstr("'a' of nat"), HasSubstr("'b' of acl")));
}

}  // namespace
}  // namespace graph
