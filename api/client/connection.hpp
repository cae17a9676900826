// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/file.hpp"

namespace api {

/// The way to one daemon. We connect the socket ourselves: the kernel's answer is exact and at
/// once, where gRPC would retry and then say "failed to connect to all addresses". Any thread.
class Connection {
public:
    Connection(std::string path, absl::Duration timeout)
        : path_(std::move(path)), timeout_(timeout) {}

    /// The channel; a new one if the daemon closed the last.
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel();

    /// What gRPC says, as a sentence of ours where it is gRPC's own finding. CANCELLED is the
    /// caller's word: where it did not ask to stop, a daemon that ends has dropped the call.
    absl::Status explain(const grpc::Status& status, std::string_view method,
                         absl::Duration timeout, bool asked_to_stop = false) const;

private:
    bool is_alive() const;
    absl::Status connect();

    const std::string path_;
    const absl::Duration timeout_;
    mutable std::mutex mutex_;
    /// A duplicate of the channel's descriptor, which tells whether the other end is there.
    File watched_;
    std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace api
