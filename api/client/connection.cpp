// SPDX-License-Identifier: Apache-2.0
#include "api/client/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

namespace api {
namespace {

absl::Status refused(const std::string& path, int error) {
    switch (error) {
        case ENOENT:
        case ECONNREFUSED:
            return absl::UnavailableError(
                fmt::format("no daemon answers at {}: is sluiced running?", path));
        case EACCES:
        case EPERM:
            return absl::PermissionDeniedError(fmt::format(
                "you may not open {}: ask to be in the socket's group, or become root", path));
        case EAGAIN:
            return absl::DeadlineExceededError(
                fmt::format("the daemon at {} is too busy to take a connection", path));
        default:
            return absl::ErrnoToStatus(error, fmt::format("cannot connect to {}", path));
    }
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connection::channel() {
    const std::lock_guard lock(mutex_);
    if (!is_alive()) {
        if (auto status = connect(); !status.ok()) {
            return status;
        }
    }
    return channel_;
}

absl::Status Connection::explain(const grpc::Status& status, std::string_view method,
                                 absl::Duration timeout, bool asked_to_stop) const {
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
        const std::lock_guard lock(mutex_);
        if (!is_alive()) {
            return absl::UnavailableError(fmt::format("the daemon at {} went away during {} ({})",
                                                      path_, method, status.error_message()));
        }
    }
    if (status.error_code() == grpc::StatusCode::CANCELLED && !asked_to_stop) {
        return absl::UnavailableError(
            fmt::format("the daemon at {} broke {} off: it may be stopping ({})", path_, method,
                        status.error_message()));
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
        return absl::DeadlineExceededError(
            fmt::format("the daemon at {} did not finish {} within {}", path_, method,
                        absl::FormatDuration(timeout)));
    }
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

bool Connection::is_alive() const {
    pollfd poll{.fd = watched_.get(), .events = POLLRDHUP, .revents = 0};
    return watched_ && ::poll(&poll, 1, 0) == 0;
}

absl::Status Connection::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.empty() || path_.size() >= sizeof(address.sun_path)) {
        return absl::InvalidArgumentError(
            fmt::format("the socket path '{}' has {} characters: it must have 1 to {}", path_,
                        path_.size(), sizeof(address.sun_path) - 1));
    }
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        return refused(path_, errno);
    }
    // connect() blocks only while the daemon's backlog is full, and this bounds it.
    const timeval wait = absl::ToTimeval(timeout_);
    if (timeout_ != absl::InfiniteDuration()) {
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0) {
        return refused(path_, errno);
    }
    File watched(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!watched || ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
        return refused(path_, errno);
    }
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomInsecureChannelFromFd("sluice", socket.release(), arguments);
    watched_ = std::move(watched);
    return absl::OkStatus();
}

}  // namespace api
