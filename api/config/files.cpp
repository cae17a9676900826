// SPDX-License-Identifier: Apache-2.0
#include "api/config/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "api/file.hpp"

namespace api::config {

namespace {

constexpr mode_t usual_mode = 0640;

absl::Status failed(std::string_view what, const std::string& path) {
    // Which says the reason by itself.
    const int error = errno;
    return absl::ErrnoToStatus(error, fmt::format("{} '{}'", what, path));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(written < 0 ? 0 : std::size_t(written));
    }
    return true;
}

/// Gives a file the owner and the mode of the one whose place it takes. A sandboxed daemon may not
/// give files away: its group then gets no more than everybody had.
bool take_after(int fd, const struct stat& old) {
    mode_t mode = old.st_mode & 07777;
    if (fchown(fd, old.st_uid, old.st_gid) != 0) {
        if (errno != EPERM) {
            return false;
        }
        mode &= ~mode_t(S_IRWXG) | (mode & S_IRWXO) << 3;
    }
    return fchmod(fd, mode) == 0;
}

/// A rename is lost with the power unless its folder is on the disk as well.
void sync_folder(const std::string& path) {
    const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) {
        fsync(folder.get());
    }
}

}  // namespace

absl::StatusOr<std::string> read_file(const std::string& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || fstat(file.get(), &status) != 0) {
        return failed("cannot read", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return absl::InvalidArgumentError(fmt::format("'{}' is not a file of text", path));
    }
    if (std::size_t(status.st_size) > longest_file) {
        return absl::OutOfRangeError(
            fmt::format("'{}' has {} bytes; a configuration has at most {}", path, status.st_size,
                        longest_file));
    }
    std::string text(std::size_t(status.st_size), 0);
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + have, text.size() - have);
        if (got < 0 && errno != EINTR) {
            return failed("cannot read", path);
        }
        if (got == 0) {
            break;
        }
        have += got < 0 ? 0 : std::size_t(got);
    }
    text.resize(have);
    return text;
}

absl::Status write_file(const std::string& path, std::string_view text) {
    struct stat old {};
    const bool replaces = ::stat(path.c_str(), &old) == 0;
    if (replaces && !S_ISREG(old.st_mode)) {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is no file that could be written over", path));
    }
    // Where a link leads, so that the link stays.
    std::error_code ignored;
    const std::filesystem::path resolved = std::filesystem::weakly_canonical(path, ignored);
    const std::string target = resolved.empty() ? path : resolved.string();
    std::string beside = target + ".XXXXXX";
    const File file(::mkostemp(beside.data(), O_CLOEXEC));
    if (file.get() < 0) {
        return failed("cannot make a file beside", path);
    }
    const bool written =
        write_all(file.get(), text) &&
        (replaces ? take_after(file.get(), old) : fchmod(file.get(), usual_mode) == 0) &&
        fsync(file.get()) == 0 && ::rename(beside.c_str(), target.c_str()) == 0;
    if (!written) {
        const absl::Status status = failed("cannot write", path);
        ::unlink(beside.c_str());
        return status;
    }
    sync_folder(std::filesystem::path(target).parent_path().string());
    return absl::OkStatus();
}

}  // namespace api::config
