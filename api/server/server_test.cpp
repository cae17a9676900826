// SPDX-License-Identifier: Apache-2.0
#include "api/server/server.hpp"

#include <gmock/gmock.h>
#include <grpc/grpc.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "api/client/connection.hpp"
#include "api/client/stream.hpp"
#include "api/testing/daemon.hpp"

namespace api::testing {
namespace {

using ::testing::HasSubstr;

std::string text(const absl::Status& status) {
    return std::string(status.message());
}

TEST(Server, AnswersAUnaryCall) {
    Daemon daemon;
    auto client = daemon.client();
    auto reply = ask(*client, "Double", number(21));
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->value(), 42);
}

TEST(Server, CarriesCodeAndSentenceOfARefusal) {
    Daemon daemon;
    auto client = daemon.client();
    const auto status = ask(*client, "Double", number(-1)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(text(status), "the number is negative: give one from 0 up");
}

TEST(Server, KnowsNoUnknownMethod) {
    Daemon daemon;
    auto client = daemon.client();
    const auto status = ask(*client, "Missing", number(1)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(text(status),
              "this daemon serves no method sluice.testing.Toys.Missing: is the plugin that brings "
              "it loaded?");
}

TEST(Server, SurvivesAHandlerThatThrows) {
    Daemon daemon;
    auto client = daemon.client();
    const auto status = ask(*client, "Throw", number(1)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(text(status), "sluice.testing.Toys.Throw failed: the toy is broken");
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
}

TEST(Server, RefusesAnOversizeRequest) {
    Daemon daemon;
    auto client = daemon.client();
    Number large;
    large.set_padding(std::string(15 << 20, 'x'));
    EXPECT_TRUE(ask(*client, "Double", large).ok());
    large.set_padding(std::string(17 << 20, 'x'));
    const auto status = ask(*client, "Double", large).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
}

TEST(Server, RefusesARequestThatIsNotOne) {
    Daemon daemon;
    auto client = daemon.client();
    Impostor impostor;
    impostor.set_name("\xff\xfe");
    const auto status = ask(*client, "Double", impostor).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(text(status), HasSubstr("cannot be read as a sluice.testing.Number"));
}

TEST(Server, LetsAReaderOnlyRead) {
    Daemon daemon(Server::Options{.role = Role::read});
    auto client = daemon.client();
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
    const auto status = ask<sluice::Empty>(*client, "Keep", number(7)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(text(status), HasSubstr("sluice.testing.Toys.Keep changes something"));
    EXPECT_EQ(daemon.toys.kept, 0);
}

TEST(Server, TwoServersGiveTwoRoles) {
    Daemon daemon(Server::Options{.role = Role::read});
    const TempDir directory;
    auto writer = Server::start(daemon.registry, daemon.control(),
                                {.unix_path = directory.file("write.sock")});
    ASSERT_TRUE(writer.ok()) << writer.status();
    auto client = Client::connect(directory.file("write.sock"), absl::Seconds(10));
    ASSERT_TRUE(client.ok());
    EXPECT_TRUE(ask<sluice::Empty>(**client, "Keep", number(7)).ok());
    EXPECT_EQ(daemon.toys.kept, 7);
}

TEST(Server, AServiceThatGoesIsUnknownAtOnce) {
    Daemon daemon;
    auto client = daemon.client();
    daemon.on_control([&] { daemon.registry.remove_service("sluice.testing.Toys"); });
    EXPECT_EQ(ask(*client, "Double", number(1)).status().code(), absl::StatusCode::kUnimplemented);
    daemon.on_control([&] { EXPECT_TRUE(daemon.toys.add_to(daemon.registry).ok()); });
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
}

TEST(Server, ServesManyClientsAtOnce) {
    Daemon daemon;
    std::vector<std::thread> threads;
    std::atomic<int> right{0};
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            auto client = daemon.client();
            for (int n = 0; n < 200; ++n) {
                const auto reply = ask(*client, "Double", number(i * 1000 + n));
                right += reply.ok() && reply->value() == 2 * (i * 1000 + n) ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, 8 * 200);
}

TEST(Server, StopsOnItsOwnControlThread) {
    Daemon daemon;
    auto client = daemon.client();
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
    daemon.on_control([&] { daemon.server->stop(); });
    const auto status = ask(*client, "Double", number(1)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
}

TEST(Server, LeavesGrpcItselfUp) {
    {
        Daemon daemon;
        ASSERT_TRUE(ask(*daemon.client(), "Double", number(1)).ok());
    }
    EXPECT_TRUE(grpc_is_initialized());
}

TEST(Server, StopsUnderLoad) {
    for (int round = 0; round < 5; ++round) {
        Daemon daemon;
        std::vector<std::thread> threads;
        std::atomic<int> answered{0};
        for (int i = 0; i < 4; ++i) {
            // Connected here: a thread that starts late would find nobody any more.
            threads.emplace_back([&answered, client = daemon.client()] {
                absl::Status status;
                while (status.ok()) {
                    status = ask(*client, "Double", number(1)).status();
                    ++answered;
                }
                EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
            });
        }
        EXPECT_TRUE(eventually([&] { return answered > 50; }));
        daemon.server->stop();
        for (auto& thread : threads) {
            thread.join();
        }
    }
}

TEST(Server, HoldsADialog) {
    Daemon daemon;
    auto client = daemon.client();
    ASSERT_TRUE(ask(*client, "Double", number(1)).ok());
    UnixConnection connection(daemon.path(), absl::Seconds(10));
    auto channel = connection.channel();
    ASSERT_TRUE(channel.ok());
    Stream stream(*channel, "sluice.testing.Toys.DoubleEach", absl::Seconds(20));
    Number reply;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(stream.write(number(i)));
        ASSERT_TRUE(stream.read(reply));
        EXPECT_EQ(reply.value(), 2 * i);
    }
    stream.writes_done();
    EXPECT_FALSE(stream.read(reply));
    EXPECT_TRUE(stream.finish().ok());
}

}  // namespace
}  // namespace api::testing
