// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "api/grammar/pattern.hpp"

namespace api::grammar {

/// A line that both patterns accept, or nothing. Abbreviations are not counted. Values are compared
/// by what their text forms accept of each other's samples. Any thread.
std::optional<std::string> line_in_both(const Pattern& a, const Pattern& b, const TextForms& forms);

/// A line that the pattern can read in two ways, or nothing. A word of the pattern wins over a
/// value that looks like it (quotes make it a value), so that pair is not counted.
std::optional<std::string> line_read_twice(const Pattern& pattern, const TextForms& forms);

}  // namespace api::grammar
