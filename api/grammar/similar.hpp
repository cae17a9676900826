// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace api::grammar {

/// True where one letter was left out, added, replaced, or exchanged with its neighbour.
bool one_slip_apart(std::string_view a, std::string_view b);

/// " (did you mean 'interface'?)" where some of the words are one slip from what was typed, else
/// "". Three words at most. Any thread.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& words);

}  // namespace api::grammar
