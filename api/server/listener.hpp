// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "api/file.hpp"
#include "api/server/peer.hpp"
#include "api/server/server.hpp"
#include "api/server/unix_path.hpp"
#include "api/tcp_address.hpp"

namespace api {

/// A socket that listens, and whoever connects to it.
///
/// We bind and accept ourselves because gRPC would take a Unix socket's mode from the umask, its
/// path from a living daemon, nobody's uid, and connections without end.
class Listener {
public:
    /// Given each connection's descriptor (non-blocking, now the callback's) and peer, which is
    /// empty but for Unix sockets.
    using OnConnection = std::function<void(int fd, const Peer& peer)>;
    /// Whether another connection may be accepted; while it says no, who comes waits.
    using HasRoom = std::function<bool()>;

    /// At the options' Unix path, which it takes.
    static absl::StatusOr<std::unique_ptr<Listener>> open(const Server::Options& options);
    /// At an address of this machine.
    static absl::StatusOr<std::unique_ptr<Listener>> open(const TcpAddress& address);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Where it listens, port 0 made into the one that was free; TCP only.
    const TcpAddress& address() const { return address_; }

    /// Accepts on `context`'s thread until close().
    void serve(boost::asio::io_context& context, OnConnection on_connection,
               HasRoom has_room = nullptr);
    /// Accepts no more. On `context`'s thread.
    void close();

private:
    Listener(File socket, std::unique_ptr<UnixPath> path, TcpAddress address)
        : path_(std::move(path)), address_(std::move(address)), socket_(std::move(socket)) {}

    void wait();
    void pause();
    void accept_all();

    /// Null for TCP.
    const std::unique_ptr<UnixPath> path_;
    const TcpAddress address_;
    File socket_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> descriptor_;
    std::unique_ptr<boost::asio::steady_timer> pause_;
    OnConnection on_connection_;
    HasRoom has_room_;
};

}  // namespace api
