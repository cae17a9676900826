// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/grammar/testing/fixture.hpp"
#include "cli/sluicectl/backend.hpp"

namespace cli {

namespace proto = api::grammar::testing::proto;

/// A daemon made of prepared answers, for tests. Its schema is api/grammar/testing/test.proto.
class FakeBackend : public Backend {
public:
    FakeBackend() {
        const std::string_view bytes = grammar_test_descriptors();
        description.mutable_files()->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
        description.set_version("1.2.3");
        description.add_services("sluice.grammar.testing.Interfaces");
        description.add_services("sluice.grammar.testing.Routes");
    }

    absl::StatusOr<sluice::DescribeReply> describe(std::uint64_t known, absl::Duration) override {
        ++described;
        if (!down.ok()) {
            return down;
        }
        sluice::DescribeReply reply = description;
        reply.set_digest(std::hash<std::string>()(description.SerializeAsString()) | 1);
        if (reply.digest() == known) {
            reply.clear_files();
            reply.clear_services();
        }
        return reply;
    }

    std::size_t connections() const override { return connected; }

    absl::Status call(const std::string& method, const google::protobuf::Message& request,
                      google::protobuf::Message& scratch,
                      const std::function<bool(const google::protobuf::Message&)>& on_reply,
                      absl::Duration timeout, std::stop_token stop) override {
        called.push_back(method.substr(method.find("testing.") + 8) + " " +
                         request.ShortDebugString());
        last_timeout = timeout;
        for (const std::string& reply : replies[method.substr(method.find("testing.") + 8)]) {
            if (!scratch.ParseFromString(reply)) {
                return absl::InternalError("a prepared answer is of another type");
            }
            if (!on_reply(scratch)) {
                return absl::OkStatus();
            }
        }
        return stop.stop_requested() ? absl::CancelledError("the call was cancelled") : answer;
    }

    void reply(const std::string& method, const google::protobuf::Message& message) {
        replies[method].push_back(message.SerializeAsString());
    }

    sluice::DescribeReply description;
    std::map<std::string, std::vector<std::string>> replies;
    absl::Status answer;
    std::vector<std::string> called;
    absl::Duration last_timeout;
    int described = 0;
    /// What describe() fails with.
    absl::Status down;
    std::size_t connected = 1;
};

}  // namespace cli
