// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/mode.hpp"

#include "cli/sluicectl/manual.hpp"
#include "cli/sluicectl/session.hpp"
#include "cli/sluicectl/watch.hpp"

namespace cli {

Result Mode::take(Session& session, const api::grammar::Command& command, const Pipeline& pipeline,
                  const std::stop_token& stop) {
    return session.call(command, pipeline, stop);
}

std::span<const Builtin> OrdinaryMode::builtins() const {
    static constexpr Builtin all[] = {
        {"exit", "exit", "Leaves the shell",
         [](Session& session, const Input&) { return session.leave_mode(); }},
        {"help", "help [COMMAND]", "Lists the commands, or tells all about some",
         [](Session& session, const Input& input) { return show_help(session, input.rest); }, true},
        {"quit", "quit", "Leaves the shell",
         [](Session&, const Input&) {
             return Result{absl::OkStatus(), Exit::ok, true};
         }},
        {"watch", "watch [SECONDS] COMMAND", "Shows a command's output again and again",
         [](Session& session, const Input& input) { return watch(session, input); }, true},
    };
    return all;
}

}  // namespace cli
