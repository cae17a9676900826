// SPDX-License-Identifier: Apache-2.0
#include "cli/schema/schema.hpp"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace cli::schema {

using google::protobuf::FileDescriptor;

namespace {

/// What a field is called in JSON if its .proto file does not say.
std::string usual_json_name(const std::string& name) {
    std::string text;
    bool begins_word = false;
    for (const char c : name) {
        if (c != '_') {
            text += begins_word && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        begins_word = c == '_';
    }
    return text;
}

/// protoc writes the name in JSON for every field. Only those that a file gives are worth telling.
void drop_usual_json_name(google::protobuf::FieldDescriptorProto& field) {
    if (field.json_name() == usual_json_name(field.name())) {
        field.clear_json_name();
    }
}

void drop_in_type(google::protobuf::DescriptorProto& type) {
    std::for_each(type.mutable_field()->begin(), type.mutable_field()->end(), drop_usual_json_name);
    std::for_each(type.mutable_extension()->begin(), type.mutable_extension()->end(),
                  drop_usual_json_name);
    for (auto& nested : *type.mutable_nested_type()) {
        drop_in_type(nested);
    }
}

void drop_in_file(google::protobuf::FileDescriptorProto& file) {
    std::for_each(file.mutable_extension()->begin(), file.mutable_extension()->end(),
                  drop_usual_json_name);
    for (auto& type : *file.mutable_message_type()) {
        drop_in_type(type);
    }
}

}  // namespace

Schema::Schema(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    if (!in || !set.ParseFromIstream(&in)) {
        throw std::runtime_error(path + " holds no descriptors");
    }
    for (auto& file : *set.mutable_file()) {
        drop_in_file(file);
        const FileDescriptor* built = pool_.BuildFile(file);
        if (built == nullptr) {
            throw std::runtime_error(file.name() + " does not hold together");
        }
        if (!built->name().starts_with("google/")) {
            files_.push_back(built);
        }
    }
    std::sort(files_.begin(), files_.end(), [](const FileDescriptor* a, const FileDescriptor* b) {
        return a->name() < b->name();
    });
}

void Schema::keep(const std::vector<std::string>& names) {
    std::erase_if(files_, [&](const FileDescriptor* file) {
        return std::find(names.begin(), names.end(), file->name()) == names.end();
    });
}

}  // namespace cli::schema
