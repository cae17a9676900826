// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/configure.hpp"

#include <fmt/format.h>

#include "api/grammar/options.hpp"
#include "api/grammar/tokenizer.hpp"
#include "api/proto/config.pb.h"
#include "cli/sluicectl/own_words.hpp"

namespace cli {
namespace {

using api::grammar::Command;
using api::grammar::options_of;
using google::protobuf::MethodDescriptor;

constexpr const char* service = "sluice.Config";

const MethodDescriptor* edit_method(const Session& session) {
    return session.schema().pool().FindMethodByName(fmt::format("{}.Edit", service));
}

/// "2 lines to add and 1 to take out"; empty where the candidate is what runs, and where nobody
/// reads it.
std::string pending(const Session& session) {
    sluice::ConfigState state;
    const bool told = session.options().interactive && !session.options().json &&
                      session.backend()
                          .call(fmt::format("{}.State", service), sluice::ConfigStateRequest(),
                                state, [](const auto&) { return true; }, patience, {})
                          .ok();
    if (!told || state.added() + state.removed() == 0) {
        return "";
    }
    return fmt::format("{} line{} to add and {} to take out", state.added(),
                       state.added() == 1 ? "" : "s", state.removed());
}

Result leave(Session& session, const Input&) {
    if (const std::string changes = pending(session); !changes.empty()) {
        session.remark(
            fmt::format("(the candidate keeps {}: 'commit' makes it run, 'discard' "
                        "forgets it)",
                        changes));
    }
    return session.leave_mode();
}

/// `do LINE`.
Result run_at_once(Session& session, const Input& input) {
    if (api::grammar::scan(input.rest).tokens.empty()) {
        return Result::not_understood(
            absl::InvalidArgumentError("do needs a command behind it, such as: do clear counters"));
    }
    const auto understood = session.understand(input.rest, input.rest_begin);
    return understood.ok() ? session.call(understood->command, understood->pipeline, input.stop)
                           : Result::not_understood(understood.status());
}

class ConfigureMode : public Mode {
public:
    std::string prompt() const override { return "sluice(config)# "; }

    std::span<const Builtin> builtins() const override {
        static constexpr Builtin all[] = {
            {"do", "do COMMAND", "Runs a command at once, past the candidate", run_at_once, true},
            {"exit", "exit", "Ends the editing; the candidate stays as it is", leave},
            own_words::help,
            own_words::quit,
            own_words::watch,
        };
        return all;
    }

    Result take(Session& session, const Command& command, const Pipeline& pipeline,
                const std::stop_token& stop) override {
        const MethodDescriptor& method = *command.method;
        if (!options_of(method).GetExtension(sluice::writes) ||
            method.service()->full_name() == service) {
            return session.call(command, pipeline, stop);
        }
        if (!pipeline.filters.empty()) {
            return Result::not_understood(absl::InvalidArgumentError(
                "a line that edits the candidate shows nothing that could be filtered: leave out "
                "what is behind the bar"));
        }
        const absl::StatusOr<std::string> line =
            session.schema().grammar().print(method, *command.request);
        if (!line.ok()) {
            return Result::not_understood(line.status());
        }
        auto edit = std::make_unique<sluice::EditConfigRequest>();
        edit->set_line(*line);
        Result result = session.call({edit_method(session), std::move(edit)}, pipeline, stop);
        // What is no statement and takes none back may still be worth doing.
        if (absl::IsNotFound(result.status) &&
            options_of(method).ExtensionSize(sluice::undo) == 0) {
            result.status = absl::NotFoundError(fmt::format(
                "{}; 'do {}' runs it at once", std::string(result.status.message()), *line));
        }
        return result;
    }
};

}  // namespace

Result configure(Session& session, const Input& input) {
    if (!api::grammar::scan(input.rest).tokens.empty()) {
        return Result::not_understood(absl::InvalidArgumentError(
            "configure takes nothing behind it: give it alone, then line by line what to change"));
    }
    if (edit_method(session) == nullptr) {
        return {absl::UnimplementedError("this daemon keeps no candidate that could be edited"),
                Exit::refused, false};
    }
    if (const std::string changes = pending(session); !changes.empty()) {
        session.remark(fmt::format("(the candidate already has {}: 'diff' shows them)", changes));
    }
    session.enter_mode(std::make_unique<ConfigureMode>());
    return {};
}

}  // namespace cli
