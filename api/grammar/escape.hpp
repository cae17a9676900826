// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace api::grammar {

/// True where the text is well-formed UTF-8 (RFC 3629). Any thread.
bool is_utf8(std::string_view text);

/// The text without anything that could command a terminal: control characters (C0, DEL, C1),
/// the marks that turn the direction of writing, and bytes that are not UTF-8 become \xHH.
/// `keep_lines` lets newline and tab through.
std::string escape_for_terminal(std::string_view text, bool keep_lines = false);

/// The text as a JSON string with its quotes. What escape_for_terminal() hides becomes \uHHHH, and
/// bytes that are not UTF-8 become U+FFFD.
std::string quote_json(std::string_view text);

/// How many cells the text takes, one a character. Good enough for tables of names and numbers.
std::size_t cells(std::string_view text);

}  // namespace api::grammar
