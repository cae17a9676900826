// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/registry.hpp"

namespace api {

/// Who connected, as the kernel says: for the audit log, not for authority.
struct Peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// Serves a registry with gRPC on one Unix socket. The socket's mode and group decide who may
/// speak, `Options::role` what they may do; start a second server on another path for another role.
///
/// Threads: handlers run where `control` runs; replies are serialised by a thread of the server's
/// own; gRPC starts about ten more at first use, and all of them inherit the affinity of the thread
/// that calls start(). Set that affinity before, so that they stay off the workers' cores.
///
/// The daemon also registers Describe and reflection once: see api/server/describe.hpp.
class Server {
public:
    struct Options {
        std::string unix_path = "/run/sluice/api.sock";
        mode_t mode = 0660;
        /// The socket's group; the daemon's own if empty.
        std::optional<gid_t> group;
        Role role = Role::write;
        int max_receive_bytes = 16 << 20;
        /// Calls under way per connection; more of them wait in the client.
        int max_concurrent_calls = 64;
        /// How long stop() waits for clients that do not read.
        absl::Duration stop_timeout = absl::Milliseconds(500);
        /// Told of each connection, on the server's own thread. May be empty.
        std::function<void(const Peer&)> on_connect;
    };

    /// Takes the path (its directory is made if it is missing, a dead daemon's socket replaced) and
    /// serves. Refused with a sentence if another daemon holds the path or it cannot be made.
    /// `registry` and `control` outlive the server.
    static absl::StatusOr<std::unique_ptr<Server>> start(Registry& registry,
                                                         boost::asio::io_context& control,
                                                         Options options);
    /// Stops as stop() does.
    ~Server();

    /// Ends all calls with UNAVAILABLE and gives the path back. Any thread, control too; blocks for
    /// at most a little more than Options::stop_timeout. A second call does nothing.
    void stop();

private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace api
