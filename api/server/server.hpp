// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/registry.hpp"
#include "api/tcp_address.hpp"
#include "api/tls/files.hpp"

namespace api {

/// A call of a method that changes something, allowed or not.
struct AuditedCall {
    /// "uid 1000, process 4711", "'controller.example' at 192.0.2.7:40000".
    std::string caller;
    std::string method;
    /// OK, or why it was refused to the caller; what the handler says comes later.
    absl::Status verdict;
};

/// Serves a registry with gRPC at one place: on a Unix socket, whose mode and group decide who may
/// speak, and `Options::role` what they may do; or on TCP with mutual TLS, where the names in the
/// client's certificate have roles. Start another server for another place or role.
///
/// Threads: handlers run where `control` runs; replies are serialised by a thread of the server's
/// own; gRPC starts about ten more at first use, and all of them inherit the affinity of the thread
/// that calls start(). Set that affinity before, so that they stay off the workers' cores.
///
/// The daemon also registers Describe and reflection once: see api/server/describe.hpp.
class Server {
public:
    /// TCP with mutual TLS.
    struct Tls {
        TcpAddress address;
        /// Looked at anew every few seconds, so that certificates can be replaced: a connection
        /// keeps those that it began with.
        tls::Files files;
        /// Who may do what: see RoleFile. A call sees it as it is at that moment.
        std::string roles_file;
        absl::Duration refresh = absl::Seconds(5);
        /// For TLS, and the first words of HTTP/2 behind it.
        absl::Duration handshake_timeout = absl::Seconds(5);
    };

    struct Options {
        std::string unix_path = "/run/sluice/api.sock";
        mode_t mode = 0660;
        /// The socket's group; the daemon's own if empty.
        std::optional<gid_t> group;
        /// Of whoever may open the Unix socket.
        Role role = Role::write;
        /// Instead of the Unix socket.
        std::optional<Tls> tls;
        int max_receive_bytes = 16 << 20;
        /// Calls under way per connection; more of them wait in the client.
        int max_concurrent_calls = 64;
        /// Connections at a time; who comes then waits until one is closed.
        std::size_t max_connections = 1024;
        /// Of requests that are parsed and not yet handled, all connections together; a call that
        /// would exceed it is refused.
        std::size_t max_request_bytes = std::size_t{256} << 20;
        /// What gRPC may hold of requests that come in and replies that are not read; beyond it
        /// idle connections are closed, then calls are ended.
        std::size_t max_transport_bytes = std::size_t{256} << 20;
        /// How often a connection that is silent is asked whether its client is still there, and
        /// how long it may take to answer before it is closed.
        absl::Duration keepalive = absl::Seconds(30);
        /// How long stop() waits for clients that do not read.
        absl::Duration stop_timeout = absl::Milliseconds(500);
        /// Told of each call of a method that writes, before its handler runs, on a thread of
        /// gRPC's. May be empty.
        std::function<void(const AuditedCall&)> on_write;
        /// Told in a sentence of what an operator should know of: connections that wait since there
        /// are too many, a roles file that cannot be used. On the server's own threads. May be
        /// empty.
        std::function<void(const std::string&)> on_warning;
    };

    /// Takes the path (its folder is made if it alone is missing, a dead daemon's socket replaced)
    /// or the port, and serves. Refused with a sentence where that cannot be, or where one of the
    /// TLS files cannot serve. `registry` and `control` outlive the server.
    static absl::StatusOr<std::unique_ptr<Server>> start(Registry& registry,
                                                         boost::asio::io_context& control,
                                                         Options options);
    /// Stops as stop() does.
    ~Server();

    /// Ends all calls with UNAVAILABLE and gives the path back. Any thread, control too; blocks for
    /// at most a little more than Options::stop_timeout. A second call does nothing.
    void stop();

    /// Where a server with TLS listens; its port is the one that was free where 0 was asked for.
    const TcpAddress& address() const;

private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace api
