// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/sluicectl/manual.hpp"
#include "cli/sluicectl/mode.hpp"
#include "cli/sluicectl/session.hpp"
#include "cli/sluicectl/watch.hpp"

/// The shell's own words that every mode has.
namespace cli::own_words {

inline constexpr Builtin help{
    "help", "help [COMMAND]", "Lists the commands, or tells all about some",
    [](Session& session, const Input& input) { return show_help(session, input.rest); }, true};

inline constexpr Builtin quit{"quit", "quit", "Leaves the shell", [](Session&, const Input&) {
                                  return Result{absl::OkStatus(), Exit::ok, true};
                              }};

inline constexpr Builtin watch{"watch", "watch [SECONDS] COMMAND",
                               "Shows a command's output again and again", cli::watch, true};

}  // namespace cli::own_words
