// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/sluicectl/backend.hpp"
#include "cli/sluicectl/mode.hpp"
#include "cli/sluicectl/schema.hpp"
#include "cli/sluicectl/screen.hpp"

namespace cli {

/// What could stand where a line ends, live values included.
using Suggestions = api::grammar::Completion;

/// Suggests words of the commands, of the filters and of the shell itself (`own`), values that the
/// daemon has now, files, and columns. A daemon that does not answer within half a second has no
/// values.
Suggestions suggest(std::string_view line, const Schema& schema, Backend& backend,
                    std::span<const Builtin> own);

/// What TAB does to the word under way.
struct Completed {
    /// Goes in place of the line from Suggestions::begin to the cursor.
    std::string replacement;
    /// It changes the line. Where it does not, the suggestions are to be listed.
    bool changes = false;
};

/// The only suggestion and a blank, or as much as all of them share. `typed` is the word under way
/// as it stands in the line, with its quotes.
Completed complete_word(const Suggestions& suggestions, std::string_view typed);

/// Lists suggestions with their help; a value with its whole comment and what is accepted. Not more
/// than the screen holds.
void list(const Suggestions& suggestions, std::ostream& out, const Screen& screen);

/// Two columns: `width` cells for the left one, the right one in as many lines as it needs.
void list_pair(std::string_view left, std::size_t width, std::string_view right, std::ostream& out,
               const Screen& screen);

}  // namespace cli
