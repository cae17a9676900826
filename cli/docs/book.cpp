// SPDX-License-Identifier: Apache-2.0
#include "cli/docs/book.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "api/grammar/options.hpp"

namespace cli::docs {

using api::grammar::comment_of;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;

namespace {

void check_type(const FileDescriptor& file, const EnumDescriptor& type,
                std::vector<std::string>& lacking) {
    for (int i = 0; i < type.value_count(); ++i) {
        if (comment_of(*type.value(i)).empty()) {
            lacking.push_back(fmt::format("{}: value {}", file.name(), type.value(i)->full_name()));
        }
    }
}

void check_type(const FileDescriptor& file, const Descriptor& type,
                std::vector<std::string>& lacking) {
    if (type.options().map_entry()) {
        return;
    }
    for (int i = 0; i < type.field_count(); ++i) {
        if (comment_of(*type.field(i)).empty()) {
            lacking.push_back(fmt::format("{}: field {}", file.name(), type.field(i)->full_name()));
        }
    }
    for (int i = 0; i < type.nested_type_count(); ++i) {
        check_type(file, *type.nested_type(i), lacking);
    }
    for (int i = 0; i < type.enum_type_count(); ++i) {
        check_type(file, *type.enum_type(i), lacking);
    }
}

}  // namespace

Book::Book(const std::string& descriptors_path, std::string version)
    : schema_(descriptors_path), version_(std::move(version)) {
    for (const FileDescriptor* file : files()) {
        for (int i = 0; i < file->service_count(); ++i) {
            if (const absl::Status status = grammar_.add_service(*file->service(i)); !status.ok()) {
                throw std::runtime_error(std::string(status.message()));
            }
        }
    }
}

std::vector<api::grammar::Usage> Book::commands_of(
    const google::protobuf::MethodDescriptor& method) const {
    std::vector<api::grammar::Usage> own = grammar_.usages("");
    std::erase_if(own, [&](const api::grammar::Usage& usage) { return usage.method != &method; });
    return own;
}

std::vector<std::string> Book::without_comment() const {
    std::vector<std::string> lacking;
    for (const FileDescriptor* file : files()) {
        for (int i = 0; i < file->service_count(); ++i) {
            const auto& service = *file->service(i);
            if (comment_of(service).empty()) {
                lacking.push_back(fmt::format("{}: service {}", file->name(), service.full_name()));
            }
            for (int j = 0; j < service.method_count(); ++j) {
                if (comment_of(*service.method(j)).empty()) {
                    lacking.push_back(
                        fmt::format("{}: method {}", file->name(), service.method(j)->full_name()));
                }
            }
        }
        for (int i = 0; i < file->message_type_count(); ++i) {
            check_type(*file, *file->message_type(i), lacking);
        }
        for (int i = 0; i < file->enum_type_count(); ++i) {
            check_type(*file, *file->enum_type(i), lacking);
        }
    }
    return lacking;
}

}  // namespace cli::docs
