// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "api/client/client.hpp"
#include "api/client/connection.hpp"
#include "api/client/stream.hpp"

namespace api {

/// The call behind a SinkWriter; keeps the connection, which may outlive its client.
class SinkWriter::Impl {
public:
    Impl(std::shared_ptr<Connection> connection, const std::shared_ptr<grpc::Channel>& channel,
         std::string method, absl::Duration timeout)
        : connection_(std::move(connection)),
          method_(std::move(method)),
          timeout_(timeout),
          stream_(channel, method_, timeout) {}

    absl::Status write(const google::protobuf::Message& batch);
    absl::Status finish(google::protobuf::Message& reply);

private:
    /// The daemon's verdict, which comes once.
    const absl::Status& verdict();

    const std::shared_ptr<Connection> connection_;
    const std::string method_;
    const absl::Duration timeout_;
    Stream stream_;
    bool over_ = false;
    absl::Status verdict_;
};

}  // namespace api
