// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "api/testing/daemon.hpp"

namespace api::testing {
namespace {

using ::testing::HasSubstr;

/// Follows on a thread of its own until the daemon or the stop ends it.
class Following {
public:
    explicit Following(Daemon& daemon, CountRequest request = {},
                       std::function<bool(std::int64_t)> on_value = {})
        : client_(daemon.client()),
          on_value_(std::move(on_value)),
          thread_([this, request = std::move(request)](std::stop_token stop) {
              Number scratch;
              status = client_->call(
                  "sluice.testing.Toys.Follow", request, scratch,
                  [this](const Message& message) {
                      const std::int64_t value = static_cast<const Number&>(message).value();
                      in_order = in_order && value == seen;
                      ++seen;
                      return !on_value_ || on_value_(value);
                  },
                  absl::InfiniteDuration(), std::move(stop));
          }) {}

    void join() { thread_.join(); }
    void stop() { thread_.request_stop(); }

    absl::Status status;
    std::atomic<std::int64_t> seen{0};
    std::atomic<bool> in_order{true};

private:
    std::unique_ptr<Client> client_;
    std::function<bool(std::int64_t)> on_value_;
    std::jthread thread_;
};

void reach(Daemon& daemon, std::int64_t number) {
    daemon.on_control([&] {
        daemon.toys.reached = number;
        for (const auto& channel : daemon.toys.followers) {
            channel->wake();
        }
    });
}

TEST(Feed, BringsWhatIsThereAndWhatComes) {
    Daemon daemon;
    daemon.toys.reached = 1000;
    Following following(daemon);
    ASSERT_TRUE(eventually([&] { return following.seen == 1000; }));
    for (const std::int64_t number : {1001, 1001, 1200, 50'000}) {
        reach(daemon, number);
        ASSERT_TRUE(eventually([&] { return following.seen == number; })) << following.seen;
    }
    following.stop();
    following.join();
    EXPECT_TRUE(following.in_order);
    EXPECT_EQ(following.status.code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(eventually([&] { return daemon.toys.feeds == 0; })) << "let go with its client";
}

TEST(Feed, EveryWakingIsHeard) {
    Daemon daemon;
    Following following(daemon);
    for (std::int64_t number = 1; number <= 3000; ++number) {
        reach(daemon, number);
        if (number % 7 == 0) {
            ASSERT_TRUE(eventually([&] { return following.seen == number; })) << following.seen;
        }
    }
    EXPECT_TRUE(eventually([&] { return following.seen == 3000; })) << following.seen;
    EXPECT_TRUE(following.in_order);
    following.stop();
}

TEST(Feed, IsPulledNoFasterThanItIsRead) {
    Daemon daemon;
    auto other = daemon.client();
    constexpr std::int64_t all = 100'000;
    daemon.toys.reached = all;
    CountRequest request;
    request.set_padding_bytes(1000);
    Following following(daemon, request, [&](std::int64_t value) {
        if (value == 0) {
            // Not reading: the feed stands still after what the two ends buffer, woken or not.
            std::int64_t before = -1;
            while (before != daemon.toys.fed) {
                before = daemon.toys.fed;
                reach(daemon, all);
                for (int i = 0; i < 200; ++i) {
                    EXPECT_TRUE(ask(*other, "Double", number(i)).ok());
                }
            }
            EXPECT_LT(before, all / 4);
        }
        return value + 1 < all;
    });
    following.join();
    EXPECT_TRUE(following.status.ok()) << following.status;
    EXPECT_EQ(following.seen, all);
    EXPECT_TRUE(following.in_order);
}

TEST(Feed, SendsAClientAwayThatDoesNotRead) {
    Daemon daemon;
    daemon.toys.reached = 1'000'000;
    CountRequest request;
    request.set_padding_bytes(1000);
    Following following(daemon, request, [&](std::int64_t value) {
        if (value == 0) {
            daemon.on_control([&] {
                daemon.toys.followers.front()->abort(absl::ResourceExhaustedError("too slow"));
            });
        }
        return true;
    });
    following.join();
    EXPECT_EQ(following.status, absl::ResourceExhaustedError("too slow"));
    EXPECT_LT(following.seen, 1'000'000);
    EXPECT_TRUE(eventually([&] { return daemon.toys.feeds == 0; }));
    // To one that is gone already, nothing.
    reach(daemon, 2'000'000);
}

TEST(Feed, IsRefusedOrTornWithASentence) {
    Daemon daemon;
    CountRequest negative;
    negative.set_count(-1);
    Following refused(daemon, negative);
    refused.join();
    EXPECT_EQ(refused.status,
              absl::InvalidArgumentError("the count is negative: give one from 0 up"));

    daemon.toys.reached = 1000;
    CountRequest torn;
    torn.set_throw_at(500);
    Following following(daemon, torn);
    following.join();
    EXPECT_EQ(following.status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(following.status.message()), HasSubstr("the feed is torn"));
    EXPECT_EQ(following.seen, 500) << "what came before is told";
}

TEST(Feed, EndsWithItsServiceAndWithTheServer) {
    Daemon daemon;
    daemon.toys.reached = 10;
    Following first(daemon);
    ASSERT_TRUE(eventually([&] { return first.seen == 10; }));
    daemon.on_control([&] { daemon.registry.remove_service("sluice.testing.Toys"); });
    reach(daemon, 20);
    first.join();
    EXPECT_EQ(first.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(first.seen, 10);

    Daemon stopping;
    stopping.toys.reached = 10;
    Following second(stopping);
    ASSERT_TRUE(eventually([&] { return second.seen == 10; }));
    stopping.server->stop();
    second.join();
    EXPECT_EQ(second.status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace api::testing
