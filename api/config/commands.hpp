// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/grammar/grammar.hpp"
#include "api/registry.hpp"

namespace api::config {

/// The command lines of all methods that the daemon serves now: reads them and runs them in place.
/// Follows plugins that come and go. Control thread.
class Commands {
public:
    /// `registry` outlives it.
    explicit Commands(const Registry& registry) : registry_(registry) {}

    /// The grammar as it is now; good until the next call.
    absl::StatusOr<const grammar::Grammar*> grammar();
    /// Reads a line and runs it. Answers are let go.
    absl::Status run(std::string_view line);

private:
    const Registry& registry_;
    const grammar::TextForms forms_;
    std::unique_ptr<grammar::Grammar> grammar_;
    std::uint64_t generation_ = 0;
};

/// A line of a file that says something, with its number, from 1.
struct NumberedLine {
    std::size_t number;
    std::string_view text;
};

/// The lines of a text that are neither empty nor comments; the text outlives them.
std::vector<NumberedLine> lines_of(std::string_view text);

/// The status with "NAME:LINE: " in front of its sentence.
absl::Status at_line(const absl::Status& status, std::string_view name, std::size_t number);

/// Runs a configuration: the shell's own command lines, one a line, `#` begins a comment. All lines
/// are understood before the first is run. The error begins with "NAME:LINE: "; the caller does not
/// go on with what a failed configuration has left.
absl::Status run_lines(std::string_view text, std::string_view name, Commands& commands,
                       const Registry& registry);

}  // namespace api::config
