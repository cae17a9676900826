// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "api/config/commands.hpp"
#include "api/config/document.hpp"

namespace api::config {

/// The running configuration, and the way from it to another one. Knows no feature: what there is
/// to configure, how it is taken back and what it depends on is said by the methods' options and by
/// who writes (Registry::config()). Control thread.
class Configuration {
public:
    /// `registry` outlives it.
    explicit Configuration(const Registry& registry) : registry_(registry), commands_(registry) {}

    /// What runs, as its writers say it. An error names the statement that no command can say.
    absl::StatusOr<Document> running();

    /// Reads statements. Refused with "NAME:LINE: " in front where a line is not understood or is
    /// no statement.
    absl::StatusOr<Document> read(std::string_view text, std::string_view name);

    /// Changes a document as running the line would change the router: a statement is put in, a
    /// line that takes one back takes it out, with all that names what it made. NOT_FOUND where
    /// there is nothing to take back, INVALID_ARGUMENT for a line that is no part of a
    /// configuration.
    absl::Status edit(Document& document, std::string_view line);

    /// Makes the router what a document says, or leaves it as it was: the error of the first line
    /// that is refused, when what was done before it has been undone. What both have in common is
    /// not touched. Statements that need what is taken out on the way are run again. A statement
    /// takes the place of another in one step, unless that one stands in the way of a third.
    /// INTERNAL where even the way back was refused.
    absl::Status apply(const Document& target);

private:
    absl::StatusOr<Statement> statement(std::string_view line);
    absl::Status take_with_dependents(Document& document, const Statement& statement);
    absl::Status go_to(const Document& target, const Document& before);
    /// Commands that take back what others still need.
    using InUse = std::vector<std::string>;
    absl::Status take_back(const Document& target, const Document& before, InUse& in_use);
    absl::Status take_replaced(const Document& target);
    absl::Status take_in_use(InUse& in_use);
    absl::Status put_in(const Document& target, const Document& before, InUse& in_use);

    const Registry& registry_;
    Commands commands_;
};

}  // namespace api::config
