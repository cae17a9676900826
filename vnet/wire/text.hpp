// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace vnet::wire {

/// The text in double quotes for an error sentence: control characters and quotes escaped, cut
/// after 64 characters, so that untrusted input cannot spoil a log or a terminal.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace vnet::wire
