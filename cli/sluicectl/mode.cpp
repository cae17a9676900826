// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/mode.hpp"

#include "cli/sluicectl/configure.hpp"
#include "cli/sluicectl/own_words.hpp"

namespace cli {

Result Mode::take(Session& session, const api::grammar::Command& command, const Pipeline& pipeline,
                  const std::stop_token& stop) {
    return session.call(command, pipeline, stop);
}

std::span<const Builtin> OrdinaryMode::builtins() const {
    static constexpr Builtin all[] = {
        {"configure", "configure", "Edits the candidate line by line, until 'exit'", configure},
        {"exit", "exit", "Leaves the shell",
         [](Session& session, const Input&) { return session.leave_mode(); }},
        own_words::help,
        own_words::quit,
        own_words::watch,
    };
    return all;
}

}  // namespace cli
