// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/client/client.hpp"

namespace cli {

/// What the shell is told on its command line.
struct Arguments {
    std::string socket = "/run/sluice/api.sock";
    /// Instead of the socket, where its address is not empty.
    api::Client::Remote remote;
    std::vector<std::string> commands;
    /// "-" for standard input.
    std::string file;
    /// A command in words, as the calling shell has cut them.
    std::vector<std::string> words;
    /// The beginning of a line that is to be completed, for the completion of bash and zsh.
    std::optional<std::string> complete;
    bool json = false;
    bool no_pager = false;
    std::optional<double> timeout_s;

    /// True where lines come from a person at the prompt, as far as the arguments go.
    bool ask_for_lines() const { return commands.empty() && file.empty() && words.empty(); }
};

/// Reads the command line. An exit code where there is nothing to do any more: help was asked for,
/// or an option is not understood, and that has been told.
std::optional<int> read_arguments(int argc, char** argv, Arguments& arguments);

/// One line of the words: a single word is the line itself, several are quoted where they must be.
std::string line_of(const std::vector<std::string>& words);

}  // namespace cli
