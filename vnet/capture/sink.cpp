// SPDX-License-Identifier: Apache-2.0
#include "vnet/capture/sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vnet/wire/text.hpp"

namespace vnet::capture {

using wire::quoted;

absl::StatusOr<std::unique_ptr<FileSink>> FileSink::create(const std::string& path) {
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is no full path; give one that begins with /, on the router itself", quoted(path)));
    }
    // O_EXCL: nothing that is there is written over, no pipe or device opened, no link followed.
    api::File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (file) {
        return std::unique_ptr<FileSink>(new FileSink(path, std::move(file)));
    }
    switch (errno) {
        case EEXIST:
            return absl::AlreadyExistsError(fmt::format(
                "{} is there already and is not written over; give another name", quoted(path)));
        case ENOENT:
        case ENOTDIR:
            return absl::NotFoundError(fmt::format(
                "{} cannot be made since its folder is not there; give a path in one that is",
                quoted(path)));
        case EACCES:
        case EPERM:
        case EROFS:
            return absl::PermissionDeniedError(
                fmt::format("the router may not make {}: {}; give a path that it may write to",
                            quoted(path), std::strerror(errno)));
        default:
            return absl::FailedPreconditionError(fmt::format(
                "{} cannot be made: {}; give another path", quoted(path), std::strerror(errno)));
    }
}

absl::Status FileSink::write(std::span<const std::byte> blocks) {
    std::span<const std::byte> left = blocks;
    while (!left.empty()) {
        const ssize_t written = ::write(file_.get(), left.data(), left.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            const int error = written == 0 ? EIO : errno;
            // A block cut in two would make the whole file look damaged.
            const bool whole = ftruncate(file_.get(), off_t(size_)) == 0;
            return absl::DataLossError(
                fmt::format("{} cannot be written on: {}; what is there up to now {} complete",
                            quoted(path_), std::strerror(error), whole ? "is" : "is not"));
        }
        left = left.subspan(size_t(written));
    }
    size_ += blocks.size();
    return absl::OkStatus();
}

}  // namespace vnet::capture
