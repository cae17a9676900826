// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/schema/schema.hpp"

namespace cli::compat {

/// What programs, command lines and configurations that were made for `released` can no longer
/// rely on: a sentence each, which begins with the file and ends with what to do. What is new in
/// `now` breaks nobody. README.md has the rules. Throws std::runtime_error where the command lines
/// of one of the two do not hold together.
std::vector<std::string> breaks(const schema::Schema& released, const schema::Schema& now);

}  // namespace cli::compat
