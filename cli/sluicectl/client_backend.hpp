// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "api/client/client.hpp"
#include "cli/sluicectl/backend.hpp"

namespace cli {

/// A daemon behind its Unix socket.
class ClientBackend : public Backend {
public:
    explicit ClientBackend(std::unique_ptr<api::Client> client) : client_(std::move(client)) {}

    absl::StatusOr<sluice::DescribeReply> describe(std::uint64_t known,
                                                   absl::Duration timeout) override {
        sluice::DescribeRequest request;
        request.set_known(known);
        return client_->describe(request, timeout);
    }

    std::size_t connections() const override { return client_->connections(); }

    absl::Status call(const std::string& method, const google::protobuf::Message& request,
                      google::protobuf::Message& scratch,
                      const std::function<bool(const google::protobuf::Message&)>& on_reply,
                      absl::Duration timeout, std::stop_token stop) override {
        return client_->call(method, request, scratch, on_reply, timeout, std::move(stop));
    }

private:
    std::unique_ptr<api::Client> client_;
};

}  // namespace cli
