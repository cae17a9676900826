// SPDX-License-Identifier: Apache-2.0
#include "api/server/listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "api/testing/daemon.hpp"

namespace api::testing {
namespace {

using ::testing::HasSubstr;

std::string refusal(const Server::Options& options) {
    const auto listener = Listener::open(options);
    EXPECT_FALSE(listener.ok());
    return std::string(listener.status().message());
}

mode_t mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 07777;
}

/// What a daemon that was killed leaves behind: a socket that nobody listens at.
void leave_socket(const std::string& path) {
    const File socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
}

TEST(Listener, TakesAndGivesBackThePath) {
    const TempDir directory;
    std::filesystem::create_directory(directory.file("run"));
    const Server::Options options{.unix_path = directory.file("run/sluice/api.sock")};
    {
        const auto listener = Listener::open(options);
        ASSERT_TRUE(listener.ok()) << listener.status();
        EXPECT_EQ(mode_of(options.unix_path), 0660U);
        EXPECT_EQ(mode_of(directory.file("run/sluice")), 0755U);
    }
    EXPECT_FALSE(std::filesystem::exists(options.unix_path));
    EXPECT_TRUE(Listener::open(options).ok());
}

TEST(Listener, SetsModeAndGroup) {
    const TempDir directory;
    const Server::Options options{
        .unix_path = directory.file("api.sock"), .mode = 0666, .group = ::getegid()};
    const auto listener = Listener::open(options);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(mode_of(options.unix_path), 0666U);
}

TEST(Listener, ReplacesADeadDaemonsSocket) {
    const TempDir directory;
    const Server::Options options{.unix_path = directory.file("api.sock")};
    leave_socket(options.unix_path);
    std::ofstream(options.unix_path + ".lock") << "4194304";
    const Daemon daemon(options);
    EXPECT_TRUE(ask(*daemon.client(), "Double", number(1)).ok());
}

TEST(Listener, MakesNoMoreThanOneFolderAndNoneInTheRoot) {
    const TempDir directory;
    EXPECT_THAT(refusal({.unix_path = directory.file("a/b/api.sock")}),
                HasSubstr(directory.file("a/b") + " of the socket does not exist: make it"));
    EXPECT_FALSE(std::filesystem::exists(directory.file("a")));
    EXPECT_THAT(refusal({.unix_path = "/no-such-folder/api.sock"}),
                HasSubstr("the folder /no-such-folder of the socket does not exist"));
    EXPECT_FALSE(std::filesystem::exists("/no-such-folder"));
}

TEST(Listener, RefusesASocketOfAnotherUser) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can give a file away";
    }
    const TempDir directory;
    const std::string path = directory.file("api.sock");
    leave_socket(path);
    constexpr uid_t another = 65534;
    ASSERT_EQ(::chown(path.c_str(), another, another), 0);
    EXPECT_THAT(refusal({.unix_path = path}),
                ::testing::AllOf(HasSubstr("is a socket of user "), HasSubstr("65534"),
                                 HasSubstr("remove it")));
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Listener, RefusesASecondDaemon) {
    const Daemon first;
    EXPECT_EQ(refusal({.unix_path = first.path()}),
              "another daemon (process " + std::to_string(::getpid()) + ") serves " + first.path() +
                  " already: stop it, or give this one another socket path");
    EXPECT_TRUE(ask(*first.client(), "Double", number(1)).ok());
}

TEST(Listener, RefusesAPathThatIsSomethingElse) {
    const TempDir directory;
    std::ofstream(directory.file("api.sock")) << "precious";
    EXPECT_THAT(refusal({.unix_path = directory.file("api.sock")}),
                HasSubstr("exists and is not a socket"));
    EXPECT_TRUE(std::filesystem::exists(directory.file("api.sock")));
    EXPECT_THAT(refusal({.unix_path = directory.file(std::string(200, 'x'))}),
                HasSubstr("it must have 1 to 107"));
    EXPECT_THAT(refusal({.unix_path = ""}), HasSubstr("it must have 1 to 107"));
    EXPECT_THAT(refusal({.unix_path = directory.file("api.sock/below")}),
                HasSubstr("api.sock is not a folder"));
}

}  // namespace
}  // namespace api::testing
