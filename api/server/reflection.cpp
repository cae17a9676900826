// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <grpc/reflection/v1alpha/reflection.pb.h>

#include <set>
#include <string>

#include "api/server/describe.hpp"

namespace api {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

void set_error(ServerReflectionResponse& response, const absl::Status& status) {
    auto& error = *response.mutable_error_response();
    error.set_error_code(static_cast<int>(status.code()));
    error.set_error_message(std::string(status.message()));
}

/// The file and all that it imports, or that there is none.
void set_file(ServerReflectionResponse& response, const Registry& registry,
              const FileDescriptor* file, std::string_view asked) {
    if (file == nullptr) {
        set_error(response, absl::NotFoundError(fmt::format("no .proto file here has {}", asked)));
        return;
    }
    auto& reply = *response.mutable_file_descriptor_response();
    const auto files = registry.describe_files({file});
    for (const auto& proto : files.file()) {
        reply.add_file_descriptor_proto(proto.SerializeAsString());
    }
}

void set_services(ServerReflectionResponse& response, const Registry& registry) {
    std::set<std::string> services;
    for (const auto& method : registry.methods()) {
        services.insert(method->service());
    }
    auto& reply = *response.mutable_list_services_response();
    for (const auto& service : services) {
        reply.add_service()->set_name(service);
    }
}

void set_extension_numbers(ServerReflectionResponse& response, const std::string& type) {
    const auto* pool = DescriptorPool::generated_pool();
    const auto* message = pool->FindMessageTypeByName(type);
    if (message == nullptr) {
        set_error(response, absl::NotFoundError(fmt::format("there is no message {}", type)));
        return;
    }
    std::vector<const google::protobuf::FieldDescriptor*> extensions;
    pool->FindAllExtensions(message, &extensions);
    auto& reply = *response.mutable_all_extension_numbers_response();
    reply.set_base_type_name(type);
    for (const auto* extension : extensions) {
        reply.add_extension_number(extension->number());
    }
}

const FileDescriptor* file_of_extension(const std::string& type, int number) {
    const auto* pool = DescriptorPool::generated_pool();
    const auto* message = pool->FindMessageTypeByName(type);
    const auto* extension =
        message == nullptr ? nullptr : pool->FindExtensionByNumber(message, number);
    return extension == nullptr ? nullptr : extension->file();
}

ServerReflectionResponse reflect(const Registry& registry, const ServerReflectionRequest& request) {
    const auto* pool = DescriptorPool::generated_pool();
    ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
        case ServerReflectionRequest::kFileByFilename:
            set_file(response, registry, pool->FindFileByName(request.file_by_filename()),
                     request.file_by_filename());
            break;
        case ServerReflectionRequest::kFileContainingSymbol:
            set_file(response, registry,
                     pool->FindFileContainingSymbol(request.file_containing_symbol()),
                     request.file_containing_symbol());
            break;
        case ServerReflectionRequest::kFileContainingExtension: {
            const auto& wanted = request.file_containing_extension();
            set_file(response, registry,
                     file_of_extension(wanted.containing_type(), wanted.extension_number()),
                     fmt::format("extension {} of {}", wanted.extension_number(),
                                 wanted.containing_type()));
            break;
        }
        case ServerReflectionRequest::kAllExtensionNumbersOfType:
            set_extension_numbers(response, request.all_extension_numbers_of_type());
            break;
        case ServerReflectionRequest::kListServices:
            set_services(response, registry);
            break;
        case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
            set_error(response, absl::InvalidArgumentError("the reflection request asks nothing"));
            break;
    }
    return response;
}

}  // namespace

absl::Status add_reflection(Registry& registry) {
    return registry.add_dialog<ServerReflectionRequest, ServerReflectionResponse>(
        "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo",
        [&registry](const ServerReflectionRequest& request) { return reflect(registry, request); });
}

}  // namespace api
