// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <random>
#include <thread>

#include "api/file.hpp"
#include "api/testing/tls_daemon.hpp"

namespace api::testing {
namespace {

using ::testing::HasSubstr;

/// A connection without a client behind it.
class BareSocket {
public:
    explicit BareSocket(const std::string& unix_path)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(
            ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
    }
    explicit BareSocket(const TcpAddress& place)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(place.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(
            ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
    }

    void send(std::string_view bytes) {
        // The daemon may well have hung up.
        (void)!::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

    /// The daemon has hung up.
    bool is_closed() const {
        pollfd poll{.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
        return ::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }

private:
    File socket_;
};

std::vector<BareSocket> crowd(std::size_t count, const auto& place) {
    std::vector<BareSocket> sockets;
    for (std::size_t i = 0; i < count; ++i) {
        sockets.emplace_back(place);
    }
    return sockets;
}

bool all_closed(const std::vector<BareSocket>& sockets) {
    return std::all_of(sockets.begin(), sockets.end(),
                       [](const BareSocket& socket) { return socket.is_closed(); });
}

std::string noise(std::mt19937& chance, std::size_t most) {
    std::string bytes(chance() % most, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(chance());
    }
    return bytes;
}

using BadTlsClient = TlsDaemonTest;

TEST_F(BadTlsClient, ThatSaysNothingIsSentAwayAndLetsOthersIn) {
    auto bounded = options();
    bounded.tls->handshake_timeout = absl::Milliseconds(300);
    bounded.max_connections = 8;
    start(bounded);
    const auto before = client("writer");
    ASSERT_TRUE(ask(*before, "Double", number(1)).ok());
    const auto sockets = crowd(40, daemon_->server->address());
    EXPECT_TRUE(ask(*before, "Double", number(1)).ok());
    EXPECT_TRUE(look("reader").ok());
    EXPECT_TRUE(eventually([&] { return all_closed(sockets); }));
    ASSERT_GE(warnings().size(), 1U);
    EXPECT_THAT(warnings()[0], HasSubstr("has 8 connections, which is the most"));
}

TEST_F(BadTlsClient, ThatSpeaksNoiseHarmsNobody) {
    start();
    std::mt19937 chance(1);
    for (int i = 0; i < 100; ++i) {
        BareSocket socket(daemon_->server->address());
        // The first bytes of a client's hello, for every second.
        socket.send(i % 2 == 0 ? std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)
                               : "");
        socket.send(noise(chance, 5000));
    }
    EXPECT_TRUE(keep("writer").ok());
}

TEST(BadClient, ThatIsNoLongerThereIsSentAway) {
    Server::Options options;
    options.keepalive = absl::Milliseconds(100);
    const Daemon daemon(options);
    const auto idle = daemon.client();
    EXPECT_TRUE(ask(*idle, "Double", number(1)).ok());
    const auto silent = crowd(20, daemon.path());
    EXPECT_TRUE(eventually([&] { return all_closed(silent); }));
    // A client that is idle answers when it is asked, and is not sent away.
    EXPECT_TRUE(ask(*idle, "Double", number(1)).ok());
}

TEST(BadClient, ThatSpeaksNoiseHarmsNobody) {
    const Daemon daemon;
    std::mt19937 chance(2);
    constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (int i = 0; i < 200; ++i) {
        BareSocket socket(daemon.path());
        socket.send(i % 2 == 0 ? preface : "");
        socket.send(noise(chance, 5000));
    }
    EXPECT_TRUE(ask(*daemon.client(), "Double", number(1)).ok());
}

TEST(BadClient, WaitsWhereThereAreTooMany) {
    std::atomic<int> warnings{0};
    Server::Options options;
    options.max_connections = 3;
    options.on_warning = [&](const std::string&) { ++warnings; };
    const Daemon daemon(options);
    auto sockets = crowd(10, daemon.path());
    ASSERT_TRUE(eventually([&] { return warnings == 1; }));
    std::atomic<bool> answered{false};
    std::thread last([&] {
        const auto client = daemon.client();
        answered = ask(*client, "Double", number(1)).ok();
    });
    sockets.clear();
    last.join();
    EXPECT_TRUE(answered);
}

TEST(BadClient, ManyAtOnceAreAllAnswered) {
    const Daemon daemon;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(daemon.client());
    }
    for (int turn = 0; turn < 3; ++turn) {
        for (const auto& client : clients) {
            EXPECT_TRUE(ask(*client, "Double", number(turn)).ok());
        }
    }
}

TEST(BadClient, SendsAByteTooMany) {
    const Daemon daemon;
    const auto client = daemon.client();
    Number large;
    large.set_padding(std::string(16 << 20, 'x'));
    large.mutable_padding()->resize(2 * large.padding().size() - large.ByteSizeLong());
    ASSERT_EQ(large.ByteSizeLong(), std::size_t{16 << 20});
    EXPECT_TRUE(ask(*client, "Double", large).ok());
    large.mutable_padding()->push_back('x');
    const auto status = ask(*client, "Double", large).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(status.message()), HasSubstr("16777217"));
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
}

TEST(BadClient, CannotFillTheMemoryWithRequests) {
    Server::Options options;
    options.max_request_bytes = 4 << 20;
    Daemon daemon(options);
    Number large;
    large.set_padding(std::string(1 << 20, 'x'));
    constexpr int callers = 12;
    std::atomic<int> refused{0};
    std::atomic<int> answered{0};
    std::vector<std::thread> threads;
    daemon.on_control([&] {
        for (int i = 0; i < callers; ++i) {
            threads.emplace_back([&] {
                const auto status = ask(*daemon.client(), "Double", large).status();
                if (absl::IsResourceExhausted(status)) {
                    EXPECT_THAT(std::string(status.message()),
                                HasSubstr("the daemon has 4 MiB of requests in hand"));
                    ++refused;
                } else {
                    EXPECT_TRUE(status.ok()) << status;
                    ++answered;
                }
            });
        }
        // While the control thread stands here, no more than three are in hand.
        EXPECT_TRUE(eventually([&] { return refused == callers - 3; }));
    });
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(answered, 3);
    EXPECT_TRUE(ask(*daemon.client(), "Double", large).ok());
}

TEST(BadClient, IsNamedWhereItChangesSomething) {
    std::mutex mutex;
    std::vector<AuditedCall> calls;
    Server::Options options;
    options.on_write = [&](const AuditedCall& call) {
        const std::lock_guard lock(mutex);
        calls.push_back(call);
    };
    const Daemon daemon(options);
    const auto client = daemon.client();
    EXPECT_TRUE(ask(*client, "Double", number(1)).ok());
    EXPECT_TRUE(ask<sluice::Empty>(*client, "Keep", number(1)).ok());
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].caller,
              "uid " + std::to_string(::geteuid()) + ", process " + std::to_string(::getpid()));
    EXPECT_EQ(calls[0].method, "sluice.testing.Toys.Keep");
    EXPECT_TRUE(calls[0].verdict.ok());
}

}  // namespace
}  // namespace api::testing
