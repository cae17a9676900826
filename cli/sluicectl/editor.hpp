// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/sluicectl/completer.hpp"
#include "cli/sluicectl/screen.hpp"

namespace cli {

/// Reads lines from a terminal, with editing, history, Ctrl-R, TAB and `?`. Ctrl-C drops the line
/// that is being typed, Ctrl-D on an empty one ends the input, Ctrl-Z stops the shell until it is
/// brought back. One thread, and others must block the signals that hold_signals() blocks.
class Editor {
public:
    /// `suggest` is asked with the line up to the cursor. `history_path` as in HistoryFile.
    Editor(const Screen& screen, const std::string& history_path,
           std::function<Suggestions(std::string_view)> suggest);
    ~Editor();

    /// The next line without its newline; nothing at the end of input.
    std::optional<std::string> read_line(const std::string& prompt);

    /// Blocks, for this thread and those that it starts, the signals that tell of a new size of the
    /// window and of the shell's being brought back: only the editor takes them. To be called
    /// before any other thread is started.
    static void hold_signals();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cli
