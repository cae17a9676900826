// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace api::grammar {

/// One word of a command line.
struct Token {
    /// The word with quotes and escapes taken away.
    std::string text;
    /// Some part of it was quoted or escaped: it is a value, never a word of the grammar.
    bool quoted = false;
    /// A bare `|`, which ends the command and begins a filter.
    bool bar = false;
    /// Where it stands in the line, in bytes; `end` is one past its last.
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// A line cut into words, also where the line is not finished yet.
struct Scan {
    std::vector<Token> tokens;
    /// The quote that is still open at the end, or '\\' after a lone backslash, or 0.
    char open = 0;
    /// The line ends in a comment.
    bool comment = false;
};

/// Cuts a line into words at blanks. 'a b' is taken as it is; "a b" knows \n \r \t \xHH, and a
/// backslash before any other character means that character, as it does outside quotes. A `#` that
/// begins a word begins a comment. Any thread.
Scan scan(std::string_view line);

/// The same for a finished line: an open quote is refused with a sentence.
absl::StatusOr<std::vector<Token>> tokenize(std::string_view line);

/// The text as one word that scan() reads back unchanged: as it is where it can be, else in "".
std::string quote(std::string_view text);

/// Always in "".
std::string force_quote(std::string_view text);

}  // namespace api::grammar
