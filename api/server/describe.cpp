// SPDX-License-Identifier: Apache-2.0
#include "api/server/describe.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/proto/describe.pb.h"
#include "api_descriptors.hpp"

namespace api {
namespace {

/// The reply, kept until something is registered or removed: a shell asks for it at each start.
class Description {
public:
    Description(const Registry& registry, std::string_view version) : registry_(registry) {
        reply_.set_version(std::string(version));
    }

    const sluice::DescribeReply& get() {
        if (generation_ != registry_.generation()) {
            generation_ = registry_.generation();
            refresh();
        }
        return reply_;
    }

private:
    void refresh() {
        std::set<std::string> services;
        std::vector<const google::protobuf::FileDescriptor*> files;
        for (const auto& method : registry_.methods()) {
            if (services.insert(method->service()).second) {
                files.push_back(method->descriptor().file());
            }
        }
        reply_.clear_services();
        for (const auto& service : services) {
            reply_.add_services(service);
        }
        *reply_.mutable_files() = registry_.describe_files(files);
    }

    const Registry& registry_;
    std::uint64_t generation_ = 0;
    sluice::DescribeReply reply_;
};

}  // namespace

absl::Status add_describe(Registry& registry, std::string_view version) {
    if (auto status = registry.add_descriptors(api_descriptors()); !status.ok()) {
        return status;
    }
    auto description = std::make_shared<Description>(registry, version);
    return registry.add_unary<sluice::DescribeRequest, sluice::DescribeReply>(
        "sluice.Describe.Get",
        [description](const sluice::DescribeRequest&) { return description->get(); });
}

}  // namespace api
