// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/client/client.hpp"
#include "api/file.hpp"

namespace api {

/// The way to one daemon. Any thread.
class Connection {
public:
    virtual ~Connection() = default;

    /// The channel; a new one if the last is of no use any more.
    virtual absl::StatusOr<std::shared_ptr<grpc::Channel>> channel() = 0;

    /// What gRPC says, as a sentence of ours where it is gRPC's own finding. CANCELLED is the
    /// caller's word: where it did not ask to stop, a daemon that ends has dropped the call.
    absl::Status explain(const grpc::Status& status, std::string_view method,
                         absl::Duration timeout, bool asked_to_stop = false) const;

    /// How many channels channel() has made.
    std::size_t connections() const { return connections_; }

protected:
    void count_connection() { ++connections_; }
    /// `place`: of the daemon, in an error.
    explicit Connection(std::string place) : place_(std::move(place)) {}
    const std::string& place() const { return place_; }

private:
    /// gRPC could not reach the daemon, or lost it, or the daemon itself says that it is stopping.
    virtual absl::Status explain_unavailable(const grpc::Status& status,
                                             std::string_view method) const = 0;

    const std::string place_;
    std::atomic<std::size_t> connections_ = 0;
};

/// By a Unix socket. We connect it ourselves: the kernel's answer is exact and at once, where gRPC
/// would retry and then say "failed to connect to all addresses".
class UnixConnection final : public Connection {
public:
    UnixConnection(std::string path, absl::Duration timeout)
        : Connection(std::move(path)), timeout_(timeout) {}

    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel() override;

private:
    absl::Status explain_unavailable(const grpc::Status& status,
                                     std::string_view method) const override;
    bool is_alive() const;
    absl::Status connect();

    const absl::Duration timeout_;
    mutable std::mutex mutex_;
    /// A duplicate of the channel's descriptor, which tells whether the other end is there.
    File watched_;
    std::shared_ptr<grpc::Channel> channel_;
};

/// By TCP with mutual TLS. The files are read anew whenever it must connect anew.
class TlsConnection final : public Connection {
public:
    explicit TlsConnection(Client::Remote remote)
        : Connection(remote.address), remote_(std::move(remote)) {}

    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel() override;

private:
    absl::Status explain_unavailable(const grpc::Status& status,
                                     std::string_view method) const override;

    const Client::Remote remote_;
    std::mutex mutex_;
    std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace api
