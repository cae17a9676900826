// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vnet::wire {

/// The text in double quotes for an error sentence: control characters and quotes escaped, cut
/// after 64 characters, so that untrusted input cannot spoil a log or a terminal.
[[nodiscard]] std::string quoted(std::string_view text);

/// Takes a decimal number of 0 to `largest`, without leading zeros, off the front of `text`. On
/// failure nothing, and `problem` says what is wrong with `what`.
[[nodiscard]] std::optional<std::uint32_t> take_number(std::string_view& text,
                                                       std::uint32_t largest, std::string_view what,
                                                       std::string& problem);

}  // namespace vnet::wire
