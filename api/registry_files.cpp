// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <set>

#include "api/registry.hpp"

namespace api {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

/// The file as generated code knows it: all but the comments.
FileDescriptorProto bare(const FileDescriptor& file) {
    FileDescriptorProto proto;
    file.CopyTo(&proto);
    file.CopyJsonNameTo(&proto);
    return proto;
}

/// Whether both say the same, comments aside. A set that was built from another version of the file
/// would lead clients astray.
bool same_schema(FileDescriptorProto commented, const FileDescriptorProto& loaded) {
    commented.clear_source_code_info();
    return commented.SerializeAsString() == loaded.SerializeAsString();
}

/// Protobuf's own files: their comments are the larger part of a description and help no operator.
bool is_protobufs_own(const FileDescriptorProto& file) {
    return file.package() == "google.protobuf";
}

/// The files in the order of their imports.
void collect(const FileDescriptor* file, std::set<const FileDescriptor*>& seen,
             std::vector<const FileDescriptor*>& ordered) {
    if (!seen.insert(file).second) {
        return;
    }
    for (int i = 0; i < file->dependency_count(); ++i) {
        collect(file->dependency(i), seen, ordered);
    }
    ordered.push_back(file);
}

}  // namespace

absl::Status Registry::add_descriptors(std::string_view serialized_set) {
    FileDescriptorSet set;
    if (!set.ParseFromArray(serialized_set.data(), static_cast<int>(serialized_set.size()))) {
        return absl::InvalidArgumentError(
            fmt::format("these {} bytes are no FileDescriptorSet: write it with protoc "
                        "--include_imports --include_source_info --descriptor_set_out",
                        serialized_set.size()));
    }
    const std::lock_guard lock(mutex_);
    for (auto& file : *set.mutable_file()) {
        if (file.has_source_code_info() && !is_protobufs_own(file)) {
            const std::string name = file.name();
            commented_.insert_or_assign(name, std::move(file));
        }
    }
    ++generation_;
    return absl::OkStatus();
}

FileDescriptorSet Registry::describe_files(const std::vector<const FileDescriptor*>& roots) const {
    std::set<const FileDescriptor*> seen;
    std::vector<const FileDescriptor*> ordered;
    for (const auto* root : roots) {
        collect(root, seen, ordered);
    }
    FileDescriptorSet set;
    const std::lock_guard lock(mutex_);
    for (const auto* file : ordered) {
        FileDescriptorProto proto = bare(*file);
        const auto commented = commented_.find(file->name());
        const bool use_commented =
            commented != commented_.end() && same_schema(commented->second, proto);
        *set.add_file() = use_commented ? commented->second : std::move(proto);
    }
    return set;
}

}  // namespace api
