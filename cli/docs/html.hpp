// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/docs/book.hpp"

namespace cli::docs {

/// The text as HTML; `words in backticks` become code.
std::string html(std::string_view text);

/// Writes the reference as a folder of pages that need nothing but themselves: index.html with all
/// commands and services, and a page for each .proto file. Throws std::runtime_error where a file
/// cannot be written.
void write_reference(const Book& book, const std::filesystem::path& folder);

}  // namespace cli::docs
