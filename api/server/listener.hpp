// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "api/file.hpp"
#include "api/server/server.hpp"

namespace api {

/// A Unix socket that listens at a path which is held by a lock, `<path>.lock`: the kernel drops
/// the lock with its process, so a socket whose lock is free is a dead daemon's and may be
/// replaced.
///
/// We bind ourselves because gRPC would take the mode from the umask, the path from a living
/// daemon, and nobody's uid.
class Listener {
public:
    /// Given each connection's descriptor (non-blocking, now the callback's) and peer.
    using OnConnection = std::function<void(int fd, const Peer& peer)>;

    /// Takes the path and listens.
    static absl::StatusOr<std::unique_ptr<Listener>> open(const Server::Options& options);
    /// Gives the path back.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Accepts on `context`'s thread until close().
    void serve(boost::asio::io_context& context, OnConnection on_connection);
    /// Accepts no more. On `context`'s thread.
    void close();

private:
    Listener(std::string path, File lock, File socket)
        : path_(std::move(path)), lock_(std::move(lock)), socket_(std::move(socket)) {}

    void wait();
    void accept_all();

    const std::string path_;
    File lock_;
    File socket_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> descriptor_;
    std::unique_ptr<boost::asio::steady_timer> pause_;
    OnConnection on_connection_;
};

}  // namespace api
