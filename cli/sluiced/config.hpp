// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "api/grammar/grammar.hpp"
#include "api/registry.hpp"

namespace cli {

/// Fills a grammar with the commands of all methods that the daemon serves.
absl::Status add_methods(api::grammar::Grammar& grammar, const api::Registry& registry);

/// Runs a configuration: the shell's own command lines, one a line, `#` begins a comment. All lines
/// are understood before the first is run. The error begins with "NAME:LINE: "; the caller does not
/// go on with what a failed configuration has left.
absl::Status run_config(std::string_view text, const std::string& name,
                        const api::grammar::Grammar& grammar, const api::Registry& registry);

/// Reads the file and runs it.
absl::Status run_config_file(const std::string& path, const api::grammar::Grammar& grammar,
                             const api::Registry& registry);

}  // namespace cli
