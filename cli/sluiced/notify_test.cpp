// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/notify.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "api/file.hpp"

namespace cli {
namespace {

/// A service manager that listens at an abstract name.
class NotifyTest : public ::testing::Test {
protected:
    NotifyTest() : name_("@sluice-notify-" + std::to_string(getpid())) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name_.data(), name_.size());
        address.sun_path[0] = '\0';
        EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                       socklen_t(offsetof(sockaddr_un, sun_path) + name_.size())),
                  0);
    }
    /// The next datagram; empty where there is none.
    std::string told() {
        char text[64];
        const ssize_t size = recv(socket_.get(), text, sizeof(text), MSG_DONTWAIT);
        return size < 0 ? std::string() : std::string(text, size_t(size));
    }

    std::string name_;
    api::File socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(NotifyTest, TellsTheManager) {
    const Notify notify(name_, std::nullopt);
    notify.ready();
    notify.alive();
    notify.stopping();
    EXPECT_EQ(told(), "READY=1");
    EXPECT_EQ(told(), "WATCHDOG=1");
    EXPECT_EQ(told(), "STOPPING=1");
    EXPECT_FALSE(notify.period().has_value());
}

TEST_F(NotifyTest, WithoutAManagerTellsNobody) {
    for (const std::string& path : {std::string(), std::string("relative"), std::string("/nowhere"),
                                    "@" + std::string(200, 'x')}) {
        Notify(path, std::nullopt).ready();
    }
    EXPECT_EQ(told(), "");
}

TEST_F(NotifyTest, ReadsItsEnvironment) {
    setenv("NOTIFY_SOCKET", name_.c_str(), 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    EXPECT_EQ(Notify::from_environment().period(), std::chrono::seconds(10));
    Notify::from_environment().ready();
    EXPECT_EQ(told(), "READY=1");
    setenv("WATCHDOG_PID", "1", 1);
    EXPECT_FALSE(Notify::from_environment().period().has_value());
    setenv("WATCHDOG_USEC", "soon", 1);
    EXPECT_FALSE(Notify::from_environment().period().has_value());
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

}  // namespace
}  // namespace cli
