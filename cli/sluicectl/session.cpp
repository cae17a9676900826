// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/escape.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/live_output.hpp"

namespace cli {
namespace {

using api::grammar::Command;
using api::grammar::Format;
using api::grammar::Token;

constexpr absl::Duration default_timeout = absl::Seconds(10);

bool is(const Token& token, std::string_view word) {
    return !token.quoted && token.text == word;
}

/// "show ?" asks what could follow "show ".
bool asks(const std::vector<Token>& tokens) {
    return !tokens.back().quoted && tokens.back().text.ends_with('?');
}

}  // namespace

Session::Session(Backend& backend, Options options, std::ostream& out)
    : backend_(backend), options_(options), out_(out) {}

Result Session::start() {
    bool changed = false;
    return Result::of_call(learn(changed));
}

absl::Status Session::learn(bool& changed) {
    const absl::StatusOr<sluice::DescribeReply> description = backend_.describe();
    if (!description.ok()) {
        return description.status();
    }
    stale_ = false;
    std::string bytes = description->SerializeAsString();
    changed = bytes != description_;
    if (!changed) {
        return absl::OkStatus();
    }
    absl::StatusOr<std::unique_ptr<Schema>> schema = Schema::build(*description);
    if (schema.ok()) {
        schema_ = *std::move(schema);
        description_ = std::move(bytes);
    }
    return schema.status();
}

Result Session::run(std::string_view line, const std::stop_token& stop) {
    const std::vector<Token> tokens = api::grammar::scan(line).tokens;
    if (tokens.empty()) {
        return {};
    }
    if (tokens.size() == 1 && (is(tokens[0], "quit") || is(tokens[0], "exit"))) {
        return {absl::OkStatus(), Exit::ok, true};
    }
    if (asks(tokens)) {
        list(suggest(line.substr(0, tokens.back().end - 1)), out_);
        out_.flush();
        return {};
    }
    if (is(tokens[0], "help")) {
        return help(line.substr(tokens[0].end));
    }
    absl::StatusOr<Pipeline> pipeline = parse_pipeline(line);
    if (!pipeline.ok()) {
        return Result::not_understood(pipeline.status());
    }
    if (options_.json) {
        pipeline->format = Format::json;
    }
    const absl::StatusOr<Command> command = understand(pipeline->command);
    if (!command.ok()) {
        return Result::not_understood(command.status());
    }
    return call(*command, *pipeline, stop);
}

absl::StatusOr<Command> Session::understand(const std::string& command) {
    absl::StatusOr<Command> parsed = schema_->grammar().parse(command);
    bool changed = false;
    if (parsed.ok() || !learn(changed).ok() || !changed) {
        return parsed;
    }
    return schema_->grammar().parse(command);
}

Result Session::call(const Command& command, const Pipeline& pipeline,
                     const std::stop_token& stop) {
    const auto& method = *command.method;
    Output output(pipeline, out_);
    const auto renderer = api::grammar::make_renderer(
        method, pipeline.format, schema_->forms(),
        [&output](std::string_view text, bool heading) { output.line(text, heading); });
    const auto scratch = schema_->grammar().new_message(*method.output_type());
    const bool stream = method.server_streaming();
    absl::Status status;
    {
        std::optional<LiveOutput> live;
        if (stream) {
            live.emplace(*renderer, out_);
        }
        status = backend_.call(
            method.full_name(), *command.request, *scratch,
            [&](const google::protobuf::Message& reply) {
                if (live) {
                    return live->add(reply);
                }
                renderer->add(reply);
                return out_.good();
            },
            options_.timeout.value_or(stream ? absl::InfiniteDuration() : default_timeout), stop);
    }
    if (absl::IsCancelled(status) && stop.stop_requested()) {
        status = absl::OkStatus();
    }
    if (status.ok()) {
        renderer->finish();
        output.finish();
        stale_ = stale_ || api::grammar::options_of(method).GetExtension(sluice::writes);
    } else {
        renderer->flush();
    }
    out_.flush();
    return Result::of_call(std::move(status));
}

Result Session::help(std::string_view words) {
    const std::vector<api::grammar::Usage> usages = schema_->grammar().usages(words);
    if (usages.empty()) {
        return Result::not_understood(absl::InvalidArgumentError(fmt::format(
            "no command begins with '{}': 'help' lists all",
            api::grammar::escape_for_terminal(words.substr(words.find_first_not_of(' '))))));
    }
    std::size_t width = 0;
    for (const auto& usage : usages) {
        width = std::max(width, std::min<std::size_t>(api::grammar::cells(usage.text), 48));
    }
    for (const auto& usage : usages) {
        list_pair(usage.text, width, usage.help, out_);
    }
    if (words.find_first_not_of(" \t") == std::string_view::npos) {
        out_ << "\nAfter a command: | json, | detail, | match RE, | count."
                " ? shows what may follow, TAB completes, quit leaves.\n";
    }
    out_.flush();
    return {};
}

Suggestions Session::suggest(std::string_view line) {
    if (stale_) {
        bool changed = false;
        // Without a daemon the old commands are still worth showing.
        learn(changed).IgnoreError();
    }
    return cli::suggest(line, *schema_, backend_);
}

}  // namespace cli
