// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The lines that were typed, in a file that only its owner may read. Each line is written when it
/// is typed, so that nothing is lost when a shell is killed and several shells share one file. A
/// file that cannot be used is a shell without memory. One thread.
class HistoryFile {
public:
    static constexpr std::size_t most_lines = 1000;

    /// "" for none. Folders on the way are made.
    explicit HistoryFile(std::string path) : path_(std::move(path)) {}

    /// Oldest first; of equal lines only the last; not more than most_lines. A file that has grown
    /// to twice that is written anew.
    std::vector<std::string> load() const;

    void add(std::string_view line) const;

private:
    std::string path_;
};

/// $XDG_STATE_HOME/sluice/history, else ~/.local/state/sluice/history, else "".
std::string default_history_path();

}  // namespace cli
