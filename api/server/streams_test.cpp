// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>
#include <vector>

#include "api/testing/daemon.hpp"

namespace api::testing {
namespace {

using ::testing::HasSubstr;

const absl::Duration patience = absl::Seconds(60);

CountRequest count_to(std::int64_t count, std::uint32_t padding_bytes = 0) {
    CountRequest request;
    request.set_count(count);
    request.set_padding_bytes(padding_bytes);
    return request;
}

absl::Status count(Client& client, const CountRequest& request,
                   const std::function<bool(const Number&)>& on_number) {
    Number scratch;
    return client.call(
        "sluice.testing.Toys.Count", request, scratch,
        [&](const Message& reply) { return on_number(static_cast<const Number&>(reply)); },
        patience);
}

TEST(List, BringsAllItemsInOrder) {
    Daemon daemon;
    auto client = daemon.client();
    std::int64_t expected = 0;
    const auto status = count(*client, count_to(100'000),
                              [&](const Number& item) { return item.value() == expected++; });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(expected, 100'000);
}

TEST(List, MayBeEmptyOrRefused) {
    Daemon daemon;
    auto client = daemon.client();
    int seen = 0;
    const auto see = [&](const Number&) { return ++seen > 0; };
    EXPECT_TRUE(count(*client, count_to(0), see).ok());
    EXPECT_EQ(seen, 0);
    const auto status = count(*client, count_to(-1), see);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()), "the count is negative: give one from 0 up");
}

TEST(List, IsPulledNoFasterThanItIsRead) {
    Daemon daemon;
    auto slow = daemon.client();
    auto other = daemon.client();
    constexpr std::int64_t all = 100'000;
    std::int64_t seen = 0;
    const auto status = count(*slow, count_to(all, 1000), [&](const Number&) {
        if (++seen == 1) {
            // Not reading: a second client is served at once, and the list stands still after what
            // the two ends buffer.
            std::int64_t before = -1;
            while (before != daemon.toys.items_pulled) {
                before = daemon.toys.items_pulled;
                for (int i = 0; i < 200; ++i) {
                    EXPECT_TRUE(ask(*other, "Double", number(i)).ok());
                }
            }
            EXPECT_LT(before, all / 4);
        }
        return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(seen, all);
}

TEST(List, ASourceThatLooksForLongLetsOthersIn) {
    Daemon daemon;
    auto client = daemon.client();
    auto other = daemon.client();
    auto request = count_to(5);
    request.set_looks_each(50);
    std::int64_t expected = 0;
    const auto status =
        count(*client, request, [&](const Number& item) { return item.value() == expected++; });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(expected, 5);
    // One that finds nothing, and whose client leaves.
    request.set_looks_each(~0U);
    std::thread waits([&] {
        Number scratch;
        const auto given_up = client->call(
            "sluice.testing.Toys.Count", request, scratch, [](const Message&) { return true; },
            absl::Milliseconds(100));
        EXPECT_EQ(given_up.code(), absl::StatusCode::kDeadlineExceeded) << given_up;
    });
    for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(ask(*other, "Double", number(i)).ok());
    }
    waits.join();
}

TEST(List, EndsEarlyWhenTheReaderHasEnough) {
    Daemon daemon;
    auto client = daemon.client();
    int seen = 0;
    EXPECT_TRUE(
        count(*client, count_to(1'000'000'000), [&](const Number&) { return ++seen < 10; }).ok());
    EXPECT_EQ(seen, 10);
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
}

TEST(List, ASourceThatThrowsEndsItAfterItsItems) {
    Daemon daemon;
    auto client = daemon.client();
    auto request = count_to(1000);
    request.set_throw_at(500);
    int seen = 0;
    const auto status = count(*client, request, [&](const Number&) { return ++seen > 0; });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("the list is torn"));
    EXPECT_EQ(seen, 500);
}

TEST(List, EndsWhenItsServiceGoes) {
    Daemon daemon;
    auto client = daemon.client();
    int seen = 0;
    const auto status = count(*client, count_to(1'000'000'000), [&](const Number&) {
        if (++seen == 100) {
            daemon.on_control([&] { daemon.registry.remove_service("sluice.testing.Toys"); });
        }
        return true;
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("sluice.testing.Toys was unloaded"));
}

TEST(List, DoesNotKeepAServerThatStops) {
    Daemon daemon({.stop_timeout = absl::Milliseconds(50)});
    auto client = daemon.client();
    int seen = 0;
    const auto status = count(*client, count_to(1'000'000'000, 1000), [&](const Number&) {
        if (++seen == 1) {
            daemon.server->stop();
        }
        return true;
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    const auto pulled = daemon.toys.items_pulled.load();
    daemon.on_control([] {});
    EXPECT_EQ(daemon.toys.items_pulled, pulled);
}

Numbers numbers(std::initializer_list<std::int64_t> values) {
    Numbers batch;
    batch.mutable_values()->Add(values.begin(), values.end());
    return batch;
}

TEST(Sink, AddsUp) {
    Daemon daemon;
    auto client = daemon.client();
    auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
    ASSERT_TRUE(sink.ok());
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(sink->write(numbers({1, 2, 3})).ok());
    }
    Number reply;
    ASSERT_TRUE(sink->finish(reply).ok());
    EXPECT_EQ(reply.value(), 6000);
    EXPECT_EQ(sink->write(numbers({1})).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Sink, TakesALongBatchInTurns) {
    Daemon daemon;
    auto client = daemon.client();
    auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
    ASSERT_TRUE(sink.ok());
    Numbers batch;
    for (int i = 0; i < 10'000; ++i) {
        batch.add_values(i);
    }
    for (int i = 0; i < 7; ++i) {
        ASSERT_TRUE(sink->write(batch).ok());
        ASSERT_TRUE(sink->write(numbers({1})).ok());
    }
    Number reply;
    ASSERT_TRUE(sink->finish(reply).ok());
    EXPECT_EQ(reply.value(), 7 * (10'000 * 9'999 / 2 + 1));
    EXPECT_EQ(daemon.toys.batches_taken, 14);
    EXPECT_EQ(daemon.toys.sum_turns, 7 * (10 + 1));
}

TEST(Sink, NoBatchPassesALongerOneNorTheEndOfAll) {
    Daemon daemon;
    auto client = daemon.client();
    Numbers batch;
    for (int i = 0; i < 5'000; ++i) {
        batch.add_values(1);
    }
    for (int call = 0; call < 300; ++call) {
        auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
        ASSERT_TRUE(sink.ok());
        // More batches than are parsed ahead, so that what is handled asks for the next.
        for (int i = 0; i < 6; ++i) {
            ASSERT_TRUE(sink->write(batch).ok());
        }
        Number reply;
        ASSERT_TRUE(sink->finish(reply).ok());
        ASSERT_EQ(reply.value(), 6 * 5'000) << call;
    }
}

TEST(Sink, MayBeEmpty) {
    Daemon daemon;
    auto client = daemon.client();
    auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
    ASSERT_TRUE(sink.ok());
    Number reply;
    reply.set_value(1);
    EXPECT_TRUE(sink->finish(reply).ok());
    EXPECT_EQ(reply.value(), 0);
}

TEST(Sink, TellsOfTheBatchThatIsWrong) {
    Daemon daemon;
    auto client = daemon.client();
    auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
    ASSERT_TRUE(sink.ok());
    ASSERT_TRUE(sink->write(numbers({-1})).ok());
    absl::Status status;
    EXPECT_TRUE(eventually([&] { return !(status = sink->write(numbers({1}))).ok(); }));
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
    Number reply;
    EXPECT_EQ(sink->finish(reply), status);
    EXPECT_EQ(daemon.toys.sums_finished, 0);
    EXPECT_TRUE(eventually([&] { return daemon.toys.sums_dropped == 1; }));
}

TEST(Sink, HoldsFewBatchesWhileControlIsBusy) {
    Daemon daemon;
    auto client = daemon.client();
    auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
    ASSERT_TRUE(sink.ok());
    Numbers batch;
    for (int i = 0; i < 1000; ++i) {
        batch.add_values(1);
    }
    std::atomic<int> written{0};
    std::thread writer;
    daemon.on_control([&] {
        writer = std::thread([&] {
            for (int i = 0; i < 20'000; ++i) {
                ASSERT_TRUE(sink->write(batch).ok());
                ++written;
            }
        });
        int before = -1;
        const auto moved = [&] { return written != before; };
        while (before != written) {
            before = written;
            const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
            while (!moved() && std::chrono::steady_clock::now() < until) {
                std::this_thread::yield();
            }
        }
        EXPECT_EQ(daemon.toys.batches_taken, 0);
        EXPECT_LT(written, 20'000);
    });
    writer.join();
    Number reply;
    ASSERT_TRUE(sink->finish(reply).ok());
    EXPECT_EQ(reply.value(), 20'000'000);
}

TEST(Sink, OneThatIsBrokenOffNeverFinishes) {
    Daemon daemon;
    auto client = daemon.client();
    constexpr int rounds = 300;
    for (int i = 0; i < rounds; ++i) {
        auto sink = client->open_sink("sluice.testing.Toys.Sum", patience);
        ASSERT_TRUE(sink.ok());
        ASSERT_TRUE(sink->write(numbers({1})).ok());
        if (i % 2 == 0) {
            EXPECT_TRUE(eventually([&] { return daemon.toys.batches_taken > 0; }));
        }
        daemon.toys.batches_taken = 0;
    }
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
    EXPECT_TRUE(eventually([&] { return daemon.toys.sums_dropped >= rounds / 2; }));
    EXPECT_EQ(daemon.toys.sums_finished, 0);
}

/// Watches on a thread of its own until the daemon or the stop ends it.
class Watching {
public:
    explicit Watching(Daemon& daemon, std::function<bool(std::int64_t)> on_value)
        : client_(daemon.client()),
          on_value_(std::move(on_value)),
          thread_([this](std::stop_token stop) {
              Number scratch;
              status = client_->call(
                  "sluice.testing.Toys.Watch", sluice::Empty(), scratch,
                  [this](const Message& event) {
                      return on_value_(static_cast<const Number&>(event).value());
                  },
                  absl::InfiniteDuration(), std::move(stop));
          }) {}

    void join() { thread_.join(); }
    void stop() { thread_.request_stop(); }

    absl::Status status;

private:
    std::unique_ptr<Client> client_;
    std::function<bool(std::int64_t)> on_value_;
    std::jthread thread_;
};

/// The watcher that the daemon has for its one client.
Watcher<Number> await_watcher(Daemon& daemon) {
    std::vector<Watcher<Number>> found;
    EXPECT_TRUE(eventually([&] {
        daemon.on_control([&] { std::swap(found, daemon.toys.watchers); });
        return !found.empty();
    }));
    return found.at(0);
}

TEST(Watch, BringsEventsUntilTheDaemonEndsIt) {
    Daemon daemon;
    std::atomic<std::int64_t> sum{0};
    Watching watching(daemon, [&](std::int64_t value) { return (sum += value) >= 0; });
    {
        const auto watcher = await_watcher(daemon);
        for (int i = 1; i <= 100; ++i) {
            EXPECT_TRUE(watcher.push(number(i)));
        }
    }
    watching.join();
    EXPECT_TRUE(watching.status.ok()) << watching.status;
    EXPECT_EQ(sum, 5050);
}

TEST(Watch, CarriesTheStatusThatClosesIt) {
    Daemon daemon;
    std::atomic<int> seen{0};
    Watching watching(daemon, [&](std::int64_t) { return ++seen > 0; });
    const auto watcher = await_watcher(daemon);
    EXPECT_TRUE(watcher.push(number(1)));
    watcher.close(absl::AbortedError("the port is gone"));
    watching.join();
    EXPECT_EQ(watching.status, absl::AbortedError("the port is gone"));
    EXPECT_EQ(seen, 1);
    EXPECT_FALSE(watcher.push(number(2)));
}

TEST(Watch, SendsASlowReaderAway) {
    Daemon daemon;
    std::promise<void> go_on;
    auto may_go_on = go_on.get_future();
    std::int64_t seen = 0;
    Watching watching(daemon, [&](std::int64_t) {
        if (seen++ == 0) {
            may_go_on.wait();
        }
        return true;
    });
    const auto watcher = await_watcher(daemon);
    Number event;
    event.set_padding(std::string(10'000, 'x'));
    int pushed = 0;
    while (watcher.push(event)) {
        ASSERT_LT(++pushed, 100'000);
    }
    EXPECT_GE(pushed, 256);
    EXPECT_FALSE(watcher.is_open());
    go_on.set_value();
    watching.join();
    EXPECT_EQ(watching.status.code(), absl::StatusCode::kResourceExhausted) << watching.status;
    EXPECT_THAT(std::string(watching.status.message()), HasSubstr("256 events wait"));
    EXPECT_LT(seen, pushed);
}

TEST(Watch, SeesThatItsClientIsGone) {
    Daemon daemon;
    Watching watching(daemon, [](std::int64_t) { return true; });
    const auto watcher = await_watcher(daemon);
    EXPECT_TRUE(watcher.push(number(1)));
    watching.stop();
    watching.join();
    EXPECT_EQ(watching.status.code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(eventually([&] { return !watcher.push(number(2)); }));
}

TEST(Watch, EndsWithTheServer) {
    Daemon daemon;
    Watching watching(daemon, [](std::int64_t) { return true; });
    const auto watcher = await_watcher(daemon);
    daemon.server->stop();
    watching.join();
    EXPECT_EQ(watching.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_FALSE(watcher.push(number(1)));
}

}  // namespace
}  // namespace api::testing
