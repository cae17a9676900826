// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "api/file.hpp"

namespace api {

/// The path of a Unix socket, held by a lock, `<path>.lock`: the kernel drops the lock with its
/// process, so a socket whose lock is free is a dead daemon's and may be replaced.
class UnixPath {
public:
    /// Takes the path. Its folder is made where it is missing and the folder above is there, the
    /// root's own excepted. Refused where another daemon holds the path, or where what is there is
    /// no socket or another user's.
    static absl::StatusOr<std::unique_ptr<UnixPath>> take(const std::string& path);
    /// Removes the socket and gives the path back.
    ~UnixPath();
    UnixPath(const UnixPath&) = delete;
    UnixPath& operator=(const UnixPath&) = delete;

    /// A socket that listens there, its mode and group set before anybody can connect.
    absl::StatusOr<File> listen(mode_t mode, std::optional<gid_t> group) const;

private:
    UnixPath(std::string path, File lock) : path_(std::move(path)), lock_(std::move(lock)) {}

    const std::string path_;
    const File lock_;
};

}  // namespace api
