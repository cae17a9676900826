// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "api/grammar/grammar.hpp"
#include "cli/sluicectl/pipeline.hpp"
#include "cli/sluicectl/result.hpp"

namespace cli {

class Session;

/// A line for one of the shell's own words.
struct Input {
    /// What stands behind the word, and where in the whole line it begins.
    std::string_view rest;
    std::size_t rest_begin = 0;
    std::stop_token stop;
};

/// A word of the shell's own: what the daemon has no part in.
struct Builtin {
    const char* name;
    /// With what follows: "watch [SECONDS] COMMAND".
    const char* usage;
    const char* help;
    Result (*run)(Session& session, const Input& input);
    /// A command follows it: completion goes on behind it as at the beginning of a line.
    bool takes_command = false;
};

/// How a session takes lines: the prompt, the shell's own words, and what becomes of a command. A
/// session has a pile of modes, of which the top one is asked; `exit` takes it off. A mode for the
/// configuration, say, has its own prompt, `commit` and `abort` for words, and gives commands to a
/// candidate instead of running them.
class Mode {
public:
    virtual ~Mode() = default;

    virtual std::string prompt() const = 0;

    /// In the order of their names.
    virtual std::span<const Builtin> builtins() const = 0;

    /// Takes a command that the grammar has understood. Here the daemon runs it.
    virtual Result take(Session& session, const api::grammar::Command& command,
                        const Pipeline& pipeline, const std::stop_token& stop);
};

/// The mode that a session begins with: commands run at once.
class OrdinaryMode : public Mode {
public:
    std::string prompt() const override { return "sluice> "; }
    std::span<const Builtin> builtins() const override;
};

}  // namespace cli
