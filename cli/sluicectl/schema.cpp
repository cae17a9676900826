// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/schema.hpp"

#include <fmt/format.h>

namespace cli {
namespace {

/// Keeps what protobuf would otherwise write to stderr.
class FirstError : public google::protobuf::DescriptorPool::ErrorCollector {
public:
    void AddError(const std::string&, const std::string& element, const google::protobuf::Message*,
                  ErrorLocation, const std::string& message) override {
        if (text.empty()) {
            text = element + ": " + message;
        }
    }

    std::string text;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Schema>> Schema::build(const sluice::DescribeReply& description) {
    std::unique_ptr<Schema> schema(new Schema);
    schema->version_ = description.version();
    FirstError error;
    for (const auto& file : description.files().file()) {
        if (schema->pool_.BuildFileCollectingErrors(file, &error) == nullptr) {
            return absl::DataLossError(
                fmt::format("the daemon's description of its messages is broken in {}: {}",
                            file.name(), error.text));
        }
    }
    for (const std::string& name : description.services()) {
        const auto* service = schema->pool_.FindServiceByName(name);
        if (service == nullptr) {
            // Served, but not described, as gRPC's own reflection may be: no commands to learn.
            continue;
        }
        if (const absl::Status status = schema->grammar_.add_service(*service); !status.ok()) {
            schema->problems_.push_back(std::string(status.message()));
        }
    }
    return schema;
}

}  // namespace cli
