// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "api/proto/describe.pb.h"
#include "api/tls/files.hpp"

namespace api {

class Connection;

/// The client's end of a client stream: write batches, then finish.
class SinkWriter {
public:
    SinkWriter(SinkWriter&&) noexcept;
    SinkWriter& operator=(SinkWriter&&) noexcept;
    /// Breaks the call off if it was not finished.
    ~SinkWriter();

    /// Blocks while the daemon is behind. An error is the daemon's verdict: the call is over.
    absl::Status write(const google::protobuf::Message& batch);
    /// No more batches: waits for the reply. Call once.
    absl::Status finish(google::protobuf::Message& reply);

private:
    friend class Client;
    class Impl;
    explicit SinkWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Speaks to a daemon over its Unix socket, or by TCP with mutual TLS, in terms of messages that
/// may be generated or dynamic. It knows no service. Any thread may call, several at once; a call
/// blocks its thread.
///
/// Errors carry the daemon's own sentence and code. UNAVAILABLE means that the daemon went away;
/// the next call connects anew.
class Client {
public:
    /// Fails at once where nothing listens; `timeout` bounds the wait for a daemon that is busy.
    static absl::StatusOr<std::unique_ptr<Client>> connect(const std::string& unix_path,
                                                           absl::Duration timeout);

    /// A daemon that is reached by TCP.
    struct Remote {
        /// "192.0.2.1:9443", "[2001:db8::1]:9443" or "router.example:9443".
        std::string address;
        tls::Files files;
        /// The name that the daemon's certificate must have; that of the address where it is empty.
        std::string name;
    };
    /// Refuses an address without a port, and files that cannot serve (see tls::read()). Whether a
    /// daemon is there, and lets this client in, is seen at the first call.
    static absl::StatusOr<std::unique_ptr<Client>> connect(const Remote& remote,
                                                           absl::Duration timeout);
    ~Client();

    /// What the daemon serves: its files, services and version; without files and services where
    /// `request` names the digest of what it serves. The limit is that of connect() where none is
    /// given.
    absl::StatusOr<sluice::DescribeReply> describe(const sluice::DescribeRequest& request = {},
                                                   std::optional<absl::Duration> timeout = {});

    /// How many times a connection was made: more than once where the daemon went away.
    std::size_t connections() const;

    /// Calls a unary or server-streaming method ("sluice.Routes.Add"). Each reply is read into
    /// `reply_scratch`, of the method's output type, and given to `on_reply`; false from it ends
    /// the call with success. `timeout` may be infinite. `stop` ends the call from elsewhere, with
    /// CANCELLED.
    absl::Status call(std::string_view full_method, const google::protobuf::Message& request,
                      google::protobuf::Message& reply_scratch,
                      const std::function<bool(const google::protobuf::Message&)>& on_reply,
                      absl::Duration timeout, std::stop_token stop = {});

    /// Opens a client-streaming method.
    absl::StatusOr<SinkWriter> open_sink(std::string_view full_method, absl::Duration timeout);

private:
    class Impl;
    explicit Client(std::unique_ptr<Impl> impl);
    static absl::StatusOr<std::unique_ptr<Client>> open(std::shared_ptr<Connection> connection,
                                                        absl::Duration timeout);
    std::unique_ptr<Impl> impl_;
};

}  // namespace api
