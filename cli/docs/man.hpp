// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cli/docs/book.hpp"

namespace cli::docs {

/// The text as man(7) takes it; `words in backticks` become bold.
std::string roff(std::string_view text);

/// The options of a program as man(7), from what it prints for --help: what is said once in its
/// source is said once.
std::string roff_options(std::string_view help);

/// A page written by hand, with @VERSION@ and @OPTIONS@ filled in.
std::string fill_page(std::string page, const Book& book, std::string_view help);

/// sluice-commands(7): every command with its fields.
std::string commands_page(const Book& book);

}  // namespace cli::docs
