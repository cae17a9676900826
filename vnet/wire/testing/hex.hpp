// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vnet::wire::testing {

/// A packet of a test.
using Bytes = std::vector<std::byte>;

/// Bytes from pairs of hex digits; white space between them is free, and `#` starts a comment up to
/// the end of the line. Throws std::invalid_argument, which fails the test, for anything else.
[[nodiscard]] Bytes from_hex(std::string_view text);

/// Lower case, a blank between bytes.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

/// Lines of an offset and 16 bytes, for failure messages.
[[nodiscard]] std::string hex_dump(std::span<const std::byte> bytes);

/// The bytes of text.
[[nodiscard]] Bytes from_text(std::string_view text);

}  // namespace vnet::wire::testing
