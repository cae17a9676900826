// SPDX-License-Identifier: Apache-2.0
#include "api/server/listener.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace api {
namespace {

constexpr int backlog = 512;
constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);

absl::Status failed(std::string_view what, const std::string& path, int error) {
    return absl::ErrnoToStatus(error, fmt::format("cannot {} {}", what, path));
}

absl::Status make_directory(const std::string& path) {
    const auto directory = std::filesystem::path(path).parent_path();
    std::error_code error;
    if (!directory.empty() && std::filesystem::create_directories(directory, error)) {
        using std::filesystem::perms;
        std::filesystem::permissions(directory,
                                     perms::owner_all | perms::group_read | perms::group_exec |
                                         perms::others_read | perms::others_exec,
                                     error);
    }
    return error ? failed("make the directory of the socket", path, error.value())
                 : absl::OkStatus();
}

/// The lock of the path, with our process id in it for whoever comes second.
absl::StatusOr<File> take_lock(const std::string& path) {
    const std::string name = path + ".lock";
    File lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!lock) {
        return failed("open the lock file", name, errno);
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return failed("lock", name, errno);
        }
        char holder[32] = {};
        const auto length = ::pread(lock.get(), holder, sizeof(holder) - 1, 0);
        return absl::AlreadyExistsError(fmt::format(
            "another daemon{} serves {} already: stop it, or give this one another socket path",
            length > 0 ? fmt::format(" (process {})", holder) : "", path));
    }
    const std::string self = std::to_string(::getpid());
    if (::ftruncate(lock.get(), 0) != 0 ||
        ::pwrite(lock.get(), self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
        return failed("write the lock file", name, errno);
    }
    return lock;
}

/// Takes away what a dead daemon left; the lock must be held.
absl::Status remove_stale(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
        return errno == ENOENT ? absl::OkStatus() : failed("look at", path, errno);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return absl::AlreadyExistsError(fmt::format(
            "{} exists and is not a socket: remove it, or give another socket path", path));
    }
    return ::unlink(path.c_str()) == 0 ? absl::OkStatus()
                                       : failed("remove the old socket", path, errno);
}

/// Nobody can connect before listen(), so mode and group are set in time without touching the
/// umask, which belongs to the whole process.
absl::StatusOr<File> listen_at(const Server::Options& options) {
    const std::string& path = options.unix_path;
    File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return failed("make a socket for", path, errno);
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        return failed("bind the socket", path, errno);
    }
    if (options.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *options.group) != 0) {
        return failed("set the group of", path, errno);
    }
    if (::chmod(path.c_str(), options.mode) != 0) {
        return failed("set the mode of", path, errno);
    }
    if (::listen(socket.get(), backlog) != 0) {
        return failed("listen at", path, errno);
    }
    return socket;
}

Peer peer_of(int fd) {
    ucred credentials{};
    socklen_t length = sizeof(credentials);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return {.pid = 0, .uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1)};
    }
    return {.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::open(const Server::Options& options) {
    const std::string& path = options.unix_path;
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
        return absl::InvalidArgumentError(
            fmt::format("the socket path '{}' has {} characters: it must have 1 to {}", path,
                        path.size(), sizeof(sockaddr_un::sun_path) - 1));
    }
    if (auto status = make_directory(path); !status.ok()) {
        return status;
    }
    auto lock = take_lock(path);
    if (!lock.ok()) {
        return lock.status();
    }
    if (auto status = remove_stale(path); !status.ok()) {
        return status;
    }
    auto socket = listen_at(options);
    if (!socket.ok()) {
        return socket.status();
    }
    return std::unique_ptr<Listener>(new Listener(path, *std::move(lock), *std::move(socket)));
}

Listener::~Listener() {
    // Before the lock goes: afterwards the path may be another daemon's. The lock file stays, since
    // whoever waits for it holds it open.
    ::unlink(path_.c_str());
}

void Listener::serve(boost::asio::io_context& context, OnConnection on_connection) {
    on_connection_ = std::move(on_connection);
    descriptor_ =
        std::make_unique<boost::asio::posix::stream_descriptor>(context, socket_.release());
    pause_ = std::make_unique<boost::asio::steady_timer>(context);
    wait();
}

void Listener::close() {
    pause_.reset();
    descriptor_.reset();
}

void Listener::wait() {
    descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [this](const boost::system::error_code& error) {
                                if (!error && descriptor_ != nullptr) {
                                    accept_all();
                                }
                            });
}

void Listener::accept_all() {
    while (true) {
        File connection(::accept4(descriptor_->native_handle(), nullptr, nullptr,
                                  SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection) {
            const Peer peer = peer_of(connection.get());
            on_connection_(connection.release(), peer);
        } else if (errno == EAGAIN) {
            wait();
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            // The connection stays in the backlog: trying again at once would only burn the core.
            pause_->expires_after(pause_without_descriptors);
            pause_->async_wait([this](const boost::system::error_code& error) {
                if (!error && descriptor_ != nullptr) {
                    accept_all();
                }
            });
            return;
        }
    }
}

}  // namespace api
