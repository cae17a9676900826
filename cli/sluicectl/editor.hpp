// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/sluicectl/completer.hpp"

namespace cli {

/// Reads lines from a terminal, with editing, history, TAB and `?`. Ctrl-C drops the line that is
/// being typed. One thread.
class Editor {
public:
    /// `suggest` is asked with the line up to the cursor. The history is read from `history_path`
    /// and written back at the end; a path that cannot be used is a shell without memory.
    Editor(std::string prompt, std::string history_path,
           std::function<Suggestions(std::string_view)> suggest);
    ~Editor();

    /// The next line without its newline; nothing at the end of input.
    std::optional<std::string> read_line();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Where the shell's history belongs: $XDG_STATE_HOME/sluice_history, else ~/.sluice_history, else
/// "".
std::string default_history_path();

}  // namespace cli
