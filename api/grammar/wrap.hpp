// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace api::grammar {

/// The text in lines of `width` cells at most, broken at blanks, and within a word only where that
/// is longer than a line. At least one line; `width` 0 means one line. Any thread.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace api::grammar
