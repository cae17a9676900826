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

/// FNV-1a, so that two daemons that serve the same say the same. Never 0.
std::uint64_t digest_of(std::string_view bytes) {
    std::uint64_t digest = 0xcbf29ce484222325;
    for (const char byte : bytes) {
        digest = (digest ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    }
    return digest == 0 ? 1 : digest;
}

/// The reply, kept until something is registered or removed: a shell asks for it at each start.
class Description {
public:
    Description(const Registry& registry, std::string_view version) : registry_(registry) {
        reply_.set_version(std::string(version));
    }

    sluice::DescribeReply get(const sluice::DescribeRequest& request) {
        if (generation_ != registry_.generation()) {
            generation_ = registry_.generation();
            refresh();
        }
        if (request.known() != reply_.digest()) {
            return reply_;
        }
        sluice::DescribeReply same;
        same.set_version(reply_.version());
        same.set_digest(reply_.digest());
        return same;
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
        reply_.clear_digest();
        reply_.set_digest(digest_of(reply_.SerializeAsString()));
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
        "sluice.Describe.Get", [description](const sluice::DescribeRequest& request) {
            return description->get(request);
        });
}

}  // namespace api
