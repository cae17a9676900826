// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace cli::schema {

/// Descriptors of .proto files, as protoc writes them: what the tools of the build read. One thread
/// at a time.
class Schema {
public:
    /// Reads a set of descriptors with all that they import; an empty one holds no files. Throws
    /// std::runtime_error with a sentence where it does not hold together.
    explicit Schema(const std::string& path);

    /// In the order of their names; google's own are left out.
    const std::vector<const google::protobuf::FileDescriptor*>& files() const { return files_; }
    /// Leaves only these in files(); the pool keeps all.
    void keep(const std::vector<std::string>& names);
    const google::protobuf::DescriptorPool& pool() const { return pool_; }

private:
    google::protobuf::DescriptorPool pool_;
    std::vector<const google::protobuf::FileDescriptor*> files_;
};

}  // namespace cli::schema
