// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "api/proto/describe.pb.h"

namespace cli {

/// How long a person is kept waiting for what only might be of use: live values, a remark.
inline constexpr absl::Duration patience = absl::Milliseconds(500);

/// What the shell needs of a daemon. Errors carry the daemon's sentence; UNAVAILABLE means that
/// there is no daemon. A call blocks its thread; two threads may call at once.
class Backend {
public:
    virtual ~Backend() = default;

    /// What the daemon serves; without services and files where its digest is `known`.
    virtual absl::StatusOr<sluice::DescribeReply> describe(std::uint64_t known,
                                                           absl::Duration timeout) = 0;

    /// How many times a daemon was connected to: more than once where it was restarted.
    virtual std::size_t connections() const = 0;

    /// Calls a unary or server-streaming method ("sluice.Routes.Add"); each reply is read into
    /// `scratch` and given to `on_reply`, which ends the call by false. `stop` ends it from
    /// elsewhere.
    virtual absl::Status call(const std::string& method, const google::protobuf::Message& request,
                              google::protobuf::Message& scratch,
                              const std::function<bool(const google::protobuf::Message&)>& on_reply,
                              absl::Duration timeout, std::stop_token stop) = 0;
};

}  // namespace cli
