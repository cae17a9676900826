// SPDX-License-Identifier: Apache-2.0
#include "api/client/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "api/testing/daemon.hpp"

namespace api::testing {
namespace {

using ::testing::HasSubstr;

TEST(Client, SaysThatNobodyAnswers) {
    const TempDir directory;
    const auto path = directory.file("api.sock");
    const auto client = Client::connect(path, absl::Seconds(10));
    EXPECT_EQ(client.status(),
              absl::UnavailableError("no daemon answers at " + path + ": is sluiced running?"));
}

TEST(Client, RefusesAPathThatCannotBe) {
    EXPECT_EQ(Client::connect("", absl::Seconds(10)).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Client::connect(std::string(200, 'x'), absl::Seconds(10)).status().code(),
              absl::StatusCode::kInvalidArgument);
}

TEST(Client, ConnectsAnewToADaemonThatCameBack) {
    const TempDir directory;
    const Server::Options options{.unix_path = directory.file("api.sock")};
    auto daemon = std::make_unique<Daemon>(options);
    auto client = daemon->client();
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
    daemon.reset();
    EXPECT_TRUE(eventually([&] {
        const auto status = ask(*client, "Double", number(1)).status();
        EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
        return std::string(status.message()).starts_with("no daemon answers");
    }));
    EXPECT_EQ(client->connections(), 1u);
    daemon = std::make_unique<Daemon>(options);
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
    EXPECT_EQ(client->connections(), 2u);
}

TEST(Client, WaitsNoLongerThanItsTimeout) {
    Daemon daemon;
    auto client = daemon.client();
    absl::Status status;
    daemon.on_control([&] {
        Number reply;
        status = client->call(
            "sluice.testing.Toys.Double", number(1), reply, [](const Message&) { return true; },
            absl::Milliseconds(50));
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(std::string(status.message()), "the daemon at " + daemon.path() +
                                                 " did not finish sluice.testing.Toys.Double "
                                                 "within 50ms");
}

TEST(Client, CanBeStoppedFromElsewhere) {
    Daemon daemon;
    auto client = daemon.client();
    std::stop_source stop;
    CountRequest endless;
    endless.set_count(1'000'000'000);
    Number scratch;
    int seen = 0;
    const auto status = client->call(
        "sluice.testing.Toys.Count", endless, scratch,
        [&](const Message&) {
            if (++seen == 10) {
                stop.request_stop();
            }
            return true;
        },
        absl::InfiniteDuration(), stop.get_token());
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
}

TEST(Client, SharesOneConnectionAmongThreads) {
    Daemon daemon;
    auto client = daemon.client();
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 100; ++n) {
                right += ask(*client, "Double", number(n)).ok() ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, 400);
}

TEST(Client, TellsOfAMethodThatIsNoStream) {
    Daemon daemon;
    auto client = daemon.client();
    auto sink = client->open_sink("sluice.testing.Toys.Missing", absl::Seconds(20));
    ASSERT_TRUE(sink.ok());
    Number reply;
    const auto status = sink->finish(reply);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("Toys.Missing"));
}

}  // namespace
}  // namespace api::testing
