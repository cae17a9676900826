// SPDX-License-Identifier: Apache-2.0
#include "api/client/connection.hpp"
#include "api/grpc_lifetime.hpp"

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

absl::StatusOr<std::shared_ptr<grpc::Channel>> UnixConnection::channel() {
    const std::lock_guard lock(mutex_);
    if (!is_alive()) {
        if (auto status = connect(); !status.ok()) {
            return status;
        }
    }
    return channel_;
}

absl::Status UnixConnection::explain_unavailable(const grpc::Status& status,
                                                 std::string_view method) const {
    const std::lock_guard lock(mutex_);
    if (is_alive()) {
        return absl::UnavailableError(status.error_message());
    }
    return absl::UnavailableError(fmt::format("the daemon at {} went away during {} ({})", place(),
                                              method, status.error_message()));
}

bool UnixConnection::is_alive() const {
    pollfd poll{.fd = watched_.get(), .events = POLLRDHUP, .revents = 0};
    return watched_ && ::poll(&poll, 1, 0) == 0;
}

absl::Status UnixConnection::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (place().empty() || place().size() >= sizeof(address.sun_path)) {
        return absl::InvalidArgumentError(
            fmt::format("the socket path '{}' has {} characters: it must have 1 to {}", place(),
                        place().size(), sizeof(address.sun_path) - 1));
    }
    place().copy(address.sun_path, sizeof(address.sun_path) - 1);
    File socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        return refused(place(), errno);
    }
    // connect() blocks only while the daemon's backlog is full, and this bounds it.
    const timeval wait = absl::ToTimeval(timeout_);
    if (timeout_ != absl::InfiniteDuration()) {
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0) {
        return refused(place(), errno);
    }
    File watched(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
    if (!watched || ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
        return refused(place(), errno);
    }
    keep_grpc();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomInsecureChannelFromFd("sluice", socket.release(), arguments);
    watched_ = std::move(watched);
    count_connection();
    return absl::OkStatus();
}

}  // namespace api
