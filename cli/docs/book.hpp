// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "api/grammar/grammar.hpp"
#include "cli/schema/schema.hpp"

namespace cli::docs {

/// All that the .proto files say of the product: what its manuals are made of.
class Book {
public:
    /// Reads descriptors with comments, as protoc writes them. Throws std::runtime_error with a
    /// sentence where they do not hold together.
    Book(const std::string& descriptors_path, std::string version);

    /// Ours, in the order of their names; imports of others are left out.
    const std::vector<const google::protobuf::FileDescriptor*>& files() const {
        return schema_.files();
    }
    const api::grammar::Grammar& grammar() const { return grammar_; }
    const std::string& version() const { return version_; }

    /// The commands of a method.
    std::vector<api::grammar::Usage> commands_of(
        const google::protobuf::MethodDescriptor& method) const;

    /// What has no comment, a line each: "vnet/proto/ip.proto: field Route.prefix".
    std::vector<std::string> without_comment() const;

private:
    schema::Schema schema_;
    api::grammar::TextForms forms_;
    api::grammar::Grammar grammar_{forms_};
    std::string version_;
};

}  // namespace cli::docs
