// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "api/client/client.hpp"
#include "api/server/describe.hpp"
#include "api/server/server.hpp"
#include "api/testing/temp_dir.hpp"
#include "api/testing/toys.hpp"

namespace api::testing {

/// Waits until `condition` holds; false after ten seconds.
inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

/// A daemon that serves the toys: a control thread, a registry and one server.
class Daemon {
public:
    explicit Daemon(Server::Options options = {}) : work_(control_.get_executor()) {
        if (options.unix_path == Server::Options().unix_path) {
            options.unix_path = directory_.file("api.sock");
        }
        path_ = options.unix_path;
        EXPECT_TRUE(toys.add_to(registry).ok());
        EXPECT_TRUE(add_describe(registry, "1.2.3").ok());
        EXPECT_TRUE(add_reflection(registry).ok());
        thread_ = std::thread([this] { control_.run(); });
        auto started = Server::start(registry, control_, std::move(options));
        EXPECT_TRUE(started.ok()) << started.status();
        if (started.ok()) {
            server = *std::move(started);
        }
    }

    ~Daemon() {
        server.reset();
        on_control([this] { toys.watchers.clear(); });
        work_.reset();
        thread_.join();
    }

    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    const std::string& path() const { return path_; }
    boost::asio::io_context& control() { return control_; }

    /// Runs `function` on the control thread and waits for it.
    void on_control(const std::function<void()>& function) {
        std::promise<void> done;
        boost::asio::post(control_, [&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }

    std::unique_ptr<Client> client() const {
        auto client = Client::connect(path_, absl::Seconds(10));
        EXPECT_TRUE(client.ok()) << client.status();
        return client.ok() ? *std::move(client) : nullptr;
    }

    /// Of a daemon with TLS; it has the name "router.test".
    std::unique_ptr<Client> client(const tls::Files& files) const {
        auto client = Client::connect(
            {.address = to_string(server->address()), .files = files, .name = "router.test"},
            absl::Seconds(10));
        EXPECT_TRUE(client.ok()) << client.status();
        return client.ok() ? *std::move(client) : nullptr;
    }

    Registry registry;
    Toys toys;
    std::unique_ptr<Server> server;

private:
    TempDir directory_;
    std::string path_;
    boost::asio::io_context control_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

inline Number number(std::int64_t value) {
    Number message;
    message.set_value(value);
    return message;
}

/// A unary call of the toys.
template <class Reply = Number, class Request>
absl::StatusOr<Reply> ask(Client& client, const std::string& method, const Request& request) {
    Reply reply;
    auto status = client.call(
        "sluice.testing.Toys." + method, request, reply, [](const Message&) { return true; },
        absl::Seconds(20));
    if (!status.ok()) {
        return status;
    }
    return reply;
}

}  // namespace api::testing
