// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "api/grammar/grammar.hpp"
#include "api/proto/describe.pb.h"

namespace cli {

/// All that the shell knows of one daemon, made of what that daemon says of itself: message types,
/// commands, comments. Immutable; messages made by it die before it.
class Schema {
public:
    /// Refused where the description does not hold together.
    static absl::StatusOr<std::unique_ptr<Schema>> build(const sluice::DescribeReply& description);

    const google::protobuf::DescriptorPool& pool() const { return pool_; }
    const api::grammar::Grammar& grammar() const { return grammar_; }
    const api::grammar::TextForms& forms() const { return forms_; }
    const std::string& version() const { return version_; }
    /// Services whose commands could not be taken, a sentence each.
    const std::vector<std::string>& problems() const { return problems_; }

private:
    Schema() = default;

    google::protobuf::DescriptorPool pool_;
    api::grammar::TextForms forms_;
    api::grammar::Grammar grammar_{forms_};
    std::string version_;
    std::vector<std::string> problems_;
};

}  // namespace cli
