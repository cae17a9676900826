// SPDX-License-Identifier: Apache-2.0
#include "api/server/listener.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

namespace api {
namespace {

using boost::asio::ip::tcp;

constexpr int backlog = 512;
constexpr auto pause_without_room = std::chrono::milliseconds(100);

absl::Status refused(const TcpAddress& address, int error) {
    switch (error) {
        case EADDRINUSE:
            return absl::AlreadyExistsError(
                fmt::format("another program listens at {} already: stop it, or give another port",
                            to_string(address)));
        case EADDRNOTAVAIL:
            return absl::InvalidArgumentError(fmt::format(
                "this machine has no address {}: give one that it has, or 0.0.0.0 for all",
                address.address));
        case EACCES:
            return absl::PermissionDeniedError(
                fmt::format("this user may not listen at port {}: give one from 1024 up, or start "
                            "the daemon as root",
                            address.port));
        default:
            return absl::ErrnoToStatus(error,
                                       fmt::format("cannot listen at {}", to_string(address)));
    }
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
    auto path = UnixPath::take(options.unix_path);
    if (!path.ok()) {
        return path.status();
    }
    auto socket = (*path)->listen(options.mode, options.group);
    if (!socket.ok()) {
        return socket.status();
    }
    return std::unique_ptr<Listener>(new Listener(*std::move(socket), *std::move(path), {}));
}

absl::StatusOr<std::unique_ptr<Listener>> Listener::open(const TcpAddress& address) {
    boost::system::error_code error;
    tcp::endpoint endpoint(boost::asio::ip::make_address(address.address, error), address.port);
    if (error) {
        return refused(address, EADDRNOTAVAIL);
    }
    File socket(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         IPPROTO_TCP));
    const int yes = 1;
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        // Of the connections, which inherit it: a reply is written whole.
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
        ::bind(socket.get(), endpoint.data(), socklen_t(endpoint.size())) != 0 ||
        ::listen(socket.get(), backlog) != 0) {
        return refused(address, errno);
    }
    auto length = socklen_t(endpoint.capacity());
    if (::getsockname(socket.get(), endpoint.data(), &length) != 0) {
        return refused(address, errno);
    }
    return std::unique_ptr<Listener>(
        new Listener(std::move(socket), nullptr, {address.address, endpoint.port()}));
}

void Listener::serve(boost::asio::io_context& context, OnConnection on_connection,
                     HasRoom has_room) {
    on_connection_ = std::move(on_connection);
    has_room_ = std::move(has_room);
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

/// Who comes stays in the backlog: trying again at once would only burn the core.
void Listener::pause() {
    pause_->expires_after(pause_without_room);
    pause_->async_wait([this](const boost::system::error_code& error) {
        if (!error && descriptor_ != nullptr) {
            wait();
        }
    });
}

void Listener::accept_all() {
    while (!has_room_ || has_room_()) {
        File connection(::accept4(descriptor_->native_handle(), nullptr, nullptr,
                                  SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection) {
            const Peer peer = peer_of(connection.get());
            on_connection_(connection.release(), peer);
        } else if (errno == EAGAIN) {
            wait();
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            break;
        }
    }
    pause();
}

}  // namespace api
