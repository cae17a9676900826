// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/descriptors.hpp"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>
#include <set>

namespace plugins::host {

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

FileDescriptorProto bare(const FileDescriptor& file) {
    FileDescriptorProto proto;
    file.CopyTo(&proto);
    file.CopyJsonNameTo(&proto);
    return proto;
}

/// Keeps the first complaint of a pool.
class Complaints final : public DescriptorPool::ErrorCollector {
public:
    void AddError(const std::string&, const std::string& element, const google::protobuf::Message*,
                  ErrorLocation, const std::string& message) override {
        if (first.empty()) {
            first = fmt::format("{}: {}", element, message);
        }
    }
    std::string first;
};

/// Copies a loaded file into the pool, behind its imports.
void copy_loaded(const FileDescriptor* file, DescriptorPool& pool, std::set<std::string>& seen) {
    if (!seen.insert(file->name()).second) {
        return;
    }
    for (int i = 0; i < file->dependency_count(); ++i) {
        copy_loaded(file->dependency(i), pool, seen);
    }
    pool.BuildFile(bare(*file));
}

void copy_all_loaded(DescriptorPool& pool) {
    std::vector<std::string> names;
    DescriptorPool::internal_generated_database()->FindAllFileNames(&names);
    std::set<std::string> seen;
    for (const std::string& name : names) {
        if (const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name)) {
            copy_loaded(file, pool, seen);
        }
    }
}

absl::Status refuse(std::string_view plugin, const std::string& why) {
    return absl::FailedPreconditionError(fmt::format("plugin '{}' {}", plugin, why));
}

absl::Status check_import(std::string_view plugin, const FileDescriptorProto& file) {
    const FileDescriptor* loaded = DescriptorPool::generated_pool()->FindFileByName(file.name());
    if (loaded == nullptr) {
        return refuse(
            plugin,
            fmt::format(
                "imports the messages of '{}', which nobody here defines; load the plugin that "
                "does first",
                file.name()));
    }
    FileDescriptorProto theirs = file;
    theirs.clear_source_code_info();
    if (theirs.SerializeAsString() != bare(*loaded).SerializeAsString()) {
        return refuse(
            plugin,
            fmt::format(
                "was built with another version of '{}' than is loaded here; build it again "
                "against this one",
                file.name()));
    }
    return absl::OkStatus();
}

}  // namespace

absl::Status check_descriptors(std::string_view plugin, std::string_view set,
                               const std::vector<std::string>& own) {
    FileDescriptorSet files;
    if (!files.ParseFromArray(set.data(), int(set.size()))) {
        return refuse(
            plugin,
            fmt::format("has a section {} that holds no descriptors; build it with sluice_plugin()",
                        descriptor_section));
    }
    DescriptorPool pool;
    copy_all_loaded(pool);
    for (const std::string& name : own) {
        if (DescriptorPool::generated_pool()->FindFileByName(name) != nullptr) {
            return refuse(
                plugin,
                fmt::format("defines the messages of '{}', which are loaded already; give the file "
                            "another name and package, or do not load both",
                            name));
        }
        if (std::none_of(files.file().begin(), files.file().end(),
                         [&](const FileDescriptorProto& file) { return file.name() == name; })) {
            return refuse(
                plugin,
                fmt::format(
                    "defines the messages of '{}' without their descriptors in {}; build it "
                    "with sluice_plugin()",
                    name, descriptor_section));
        }
    }
    for (const FileDescriptorProto& file : files.file()) {
        if (std::find(own.begin(), own.end(), file.name()) == own.end()) {
            if (auto status = check_import(plugin, file); !status.ok()) {
                return status;
            }
            continue;
        }
        Complaints complaints;
        if (pool.BuildFileCollectingErrors(file, &complaints) == nullptr) {
            return refuse(plugin,
                          fmt::format("brings messages of '{}' that clash with what is loaded: {}",
                                      file.name(), complaints.first));
        }
    }
    return absl::OkStatus();
}

}  // namespace plugins::host
