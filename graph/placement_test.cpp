// SPDX-License-Identifier: Apache-2.0
#include "graph/placement.hpp"

#include <gtest/gtest.h>

namespace graph {
namespace {

class Idle : public Source {
public:
    explicit Idle(QueueId id) : id_(id) {}
    NodeId node() const noexcept override { return no_node; }
    QueueId id() const noexcept override { return id_; }
    unsigned poll(Dispatch&) noexcept override { return 0; }

private:
    const QueueId id_;
};

std::shared_ptr<Source> queue(uint32_t interface, uint32_t number) {
    return std::make_shared<Idle>(QueueId{interface, number});
}

TEST(Placement, SpreadsQueues) {
    Placement placement(3);
    for (uint32_t i = 0; i < 7; ++i) {
        EXPECT_EQ(*placement.add(queue(1, i), std::nullopt), i % 3);
    }
    EXPECT_EQ(placement.of(0).size(), 3u);
    // Where one has fewer, it gets the next.
    placement.remove(placement.of(1).front().source.get());
    placement.remove(placement.of(1).front().source.get());
    EXPECT_EQ(*placement.add(queue(2, 0), std::nullopt), 1u);
}

TEST(Placement, WishesOutliveTheQueue) {
    Placement placement(2);
    auto source = queue(1, 0);
    EXPECT_EQ(*placement.add(source, std::nullopt), 0u);
    placement.wish_worker({1, 0}, 1);
    EXPECT_EQ(placement.wish_mode({1, 0}, RxMode::polling), 0u);
    EXPECT_EQ(placement.of(0).front().mode, RxMode::polling);
    EXPECT_EQ(placement.remove(source.get()), 0u);
    EXPECT_EQ(placement.remove(source.get()), std::nullopt);
    source = queue(1, 0);
    EXPECT_EQ(*placement.add(source, std::nullopt), 1u);
    EXPECT_EQ(placement.of(1).front().mode, RxMode::polling);
    // What is said with the source itself goes first.
    placement.remove(source.get());
    EXPECT_EQ(*placement.add(source, 0), 0u);
    // Another queue, and another interface of the same number, know nothing of it.
    EXPECT_EQ(*placement.add(queue(1, 1), std::nullopt), 1u);
    EXPECT_EQ(placement.of(1).front().mode, RxMode::adaptive);
    placement.remove(source.get());
    placement.forget(1);
    EXPECT_EQ(*placement.add(source, std::nullopt), 0u);
    EXPECT_EQ(placement.of(0).front().mode, RxMode::adaptive);
}

TEST(Placement, RefusesWhatCannotBe) {
    Placement placement(2);
    const auto source = queue(1, 0);
    EXPECT_EQ(placement.add(source, 2).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(placement.add(source, 1).ok());
    EXPECT_EQ(placement.add(source, 0).status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(placement.wish_mode({1, 7}, RxMode::polling), std::nullopt);
}

}  // namespace
}  // namespace graph
