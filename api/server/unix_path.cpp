// SPDX-License-Identifier: Apache-2.0
#include "api/server/unix_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace api {
namespace {

constexpr int backlog = 512;

absl::Status failed(std::string_view what, const std::string& path, int error) {
    return absl::ErrnoToStatus(error, fmt::format("cannot {} {}", what, path));
}

std::string user_name(uid_t uid) {
    std::array<char, 4096> text{};
    passwd entry{};
    passwd* found = nullptr;
    ::getpwuid_r(uid, &entry, text.data(), text.size(), &found);
    return found == nullptr ? fmt::format("{}", uid) : fmt::format("{} ({})", entry.pw_name, uid);
}

/// A folder that is missing is made if that takes no more than one. Nothing is made in the root
/// directory, where a folder is more likely a slip of the pen.
absl::Status make_folder(const std::string& path) {
    const auto folder = std::filesystem::absolute(path).parent_path();
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) {
        return absl::OkStatus();
    }
    if (std::filesystem::exists(folder, error)) {
        return absl::InvalidArgumentError(
            fmt::format("the socket cannot be {}: {} is not a folder; give another socket path",
                        path, folder.string()));
    }
    const auto above = folder.parent_path();
    if (above == above.root_path() || !std::filesystem::is_directory(above, error)) {
        return absl::NotFoundError(fmt::format(
            "the folder {} of the socket does not exist: make it, or give another socket path",
            folder.string()));
    }
    // With chmod, since the umask shall not keep the socket's group from getting there.
    constexpr mode_t mode = 0755;
    if (::mkdir(folder.c_str(), mode) != 0 || ::chmod(folder.c_str(), mode) != 0) {
        return failed("make the folder of the socket", path, errno);
    }
    return absl::OkStatus();
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
    if (found.st_uid != ::geteuid()) {
        return absl::PermissionDeniedError(
            fmt::format("{} is a socket of user {}, and this daemon runs as {}: remove it, or give "
                        "another socket path",
                        path, user_name(found.st_uid), user_name(::geteuid())));
    }
    return ::unlink(path.c_str()) == 0 ? absl::OkStatus()
                                       : failed("remove the old socket", path, errno);
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixPath>> UnixPath::take(const std::string& path) {
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
        return absl::InvalidArgumentError(
            fmt::format("the socket path '{}' has {} characters: it must have 1 to {}", path,
                        path.size(), sizeof(sockaddr_un::sun_path) - 1));
    }
    if (auto status = make_folder(path); !status.ok()) {
        return status;
    }
    auto lock = take_lock(path);
    if (!lock.ok()) {
        return lock.status();
    }
    if (auto status = remove_stale(path); !status.ok()) {
        return status;
    }
    return std::unique_ptr<UnixPath>(new UnixPath(path, *std::move(lock)));
}

UnixPath::~UnixPath() {
    // Before the lock goes: afterwards the path may be another daemon's. The lock file stays, since
    // whoever waits for it holds it open.
    ::unlink(path_.c_str());
}

absl::StatusOr<File> UnixPath::listen(mode_t mode, std::optional<gid_t> group) const {
    File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return failed("make a socket for", path_, errno);
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        return failed("bind the socket", path_, errno);
    }
    // Nobody can connect before listen(), so mode and group are set in time without touching the
    // umask, which belongs to the whole process.
    if (group && ::chown(path_.c_str(), static_cast<uid_t>(-1), *group) != 0) {
        return errno == EPERM
                   ? absl::PermissionDeniedError(fmt::format(
                         "user {} may not give {} to group {}: add the user to the group, or start "
                         "the daemon as root",
                         user_name(::geteuid()), path_, *group))
                   : failed("set the group of", path_, errno);
    }
    if (::chmod(path_.c_str(), mode) != 0) {
        return failed("set the mode of", path_, errno);
    }
    if (::listen(socket.get(), backlog) != 0) {
        return failed("listen at", path_, errno);
    }
    return socket;
}

}  // namespace api
