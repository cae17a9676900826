// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/escape.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/place.hpp"
#include "api/grammar/printer.hpp"
#include "api/grammar/similar.hpp"
#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/filters.hpp"
#include "cli/sluicectl/live_output.hpp"
#include "cli/sluicectl/pager.hpp"

namespace cli {
namespace {

using api::grammar::Command;
using api::grammar::Format;
using api::grammar::Token;

constexpr absl::Duration default_timeout = absl::Seconds(10);

/// "show ?" asks what could follow "show ".
bool asks(const std::vector<Token>& tokens) {
    return !tokens.back().quoted && tokens.back().text.ends_with('?');
}

}  // namespace

Session::Session(Backend& backend, Options options, std::ostream& out)
    : backend_(backend), options_(std::move(options)), out_(out) {
    modes_.push_back(std::make_unique<OrdinaryMode>());
}

Session::~Session() = default;

Result Session::start() {
    bool changed = false;
    const Result result = Result::of_call(learn(changed, options_.timeout.value_or(patience * 10)));
    connections_ = backend_.connections();
    return result;
}

absl::Status Session::learn(bool& changed, absl::Duration timeout) {
    const absl::StatusOr<sluice::DescribeReply> description = backend_.describe(digest_, timeout);
    if (!description.ok()) {
        return description.status();
    }
    stale_ = false;
    changed = schema_ == nullptr || description->digest() != digest_;
    if (!changed) {
        return absl::OkStatus();
    }
    absl::StatusOr<std::unique_ptr<Schema>> schema = Schema::build(*description);
    if (schema.ok()) {
        schema_ = *std::move(schema);
        digest_ = description->digest();
    }
    return schema.status();
}

/// Says when the daemon has come back, and takes up its commands as they are now.
void Session::follow() {
    bool changed = false;
    const absl::Status status = learn(changed, patience);
    if (absl::IsUnavailable(status)) {
        lost_ = true;
        return;
    }
    if (status.ok() && (lost_ || backend_.connections() != connections_)) {
        remark(lost_ ? "(the daemon is back)" : "(the daemon was restarted)");
        lost_ = false;
        connections_ = backend_.connections();
    }
}

void Session::remark(std::string_view sentence) const {
    out_ << options_.screen.paint(sentence, "2") << std::endl;
}

void Session::enter_mode(std::unique_ptr<Mode> mode) {
    modes_.push_back(std::move(mode));
}

Result Session::leave_mode() {
    if (modes_.size() == 1) {
        return {absl::OkStatus(), Exit::ok, true};
    }
    modes_.pop_back();
    return {};
}

/// The shell's own word that begins the line. The daemon's commands come first where they begin
/// with the same word.
const Builtin* Session::builtin(std::string_view line, const std::string& word) const {
    const Builtin* found = nullptr;
    bool whole = false;
    for (const Builtin& known : mode().builtins()) {
        if (known.name == word) {
            found = &known;
            whole = true;
            break;
        }
        if (std::string_view(known.name).starts_with(word)) {
            if (found != nullptr) {
                return nullptr;
            }
            found = &known;
        }
    }
    if (found == nullptr) {
        return nullptr;
    }
    if (!whole) {
        return schema_->grammar().complete(word).candidates.empty() ? found : nullptr;
    }
    if (!found->takes_command) {
        return found;
    }
    const auto pipeline = parse_pipeline(line);
    const bool taken = pipeline.ok() && schema_->grammar().parse(pipeline->command).ok();
    return taken ? nullptr : found;
}

Result Session::run(std::string_view line, const std::stop_token& stop) {
    const std::vector<Token> tokens = api::grammar::scan(line).tokens;
    if (tokens.empty()) {
        return {};
    }
    if (options_.interactive) {
        follow();
    }
    if (asks(tokens)) {
        list(suggest(line.substr(0, tokens.back().end - 1)), out_, options_.screen);
        out_.flush();
        return {};
    }
    if (!tokens[0].quoted && !tokens[0].bar) {
        if (const Builtin* own = builtin(line, tokens[0].text)) {
            return own->run(*this, {line.substr(tokens[0].end), tokens[0].end, stop});
        }
    }
    absl::StatusOr<Understood> understood = understand(line);
    if (!understood.ok()) {
        return Result::not_understood(hinted(understood.status(), tokens[0]));
    }
    const Result result =
        modes_.back()->take(*this, understood->command, understood->pipeline, stop);
    if (options_.interactive && result.exit == Exit::no_daemon) {
        lost_ = true;
    }
    return result;
}

/// The grammar does not know the shell's own words, which may have been meant.
absl::Status Session::hinted(const absl::Status& status, const Token& first) const {
    const auto place = api::grammar::place_of(status);
    std::vector<std::string> names;
    for (const Builtin& known : mode().builtins()) {
        names.emplace_back(known.name);
    }
    const std::string meant = api::grammar::did_you_mean(first.text, names);
    if (!place || place->begin != first.begin || first.quoted || meant.empty()) {
        return status;
    }
    return api::grammar::at(absl::InvalidArgumentError(
                                fmt::format("unknown word '{}'{}: 'help' lists all commands",
                                            api::grammar::escape_for_terminal(first.text), meant)),
                            *place);
}

absl::StatusOr<Session::Understood> Session::understand(std::string_view line, std::size_t begin) {
    absl::StatusOr<Understood> understood = read(line);
    const auto place = api::grammar::place_of(understood.status());
    if (!place) {
        return understood;
    }
    return api::grammar::at(understood.status(), {place->begin + begin, place->end + begin});
}

absl::StatusOr<Session::Understood> Session::read(std::string_view line) {
    absl::StatusOr<Pipeline> pipeline = parse_pipeline(line);
    if (!pipeline.ok()) {
        return pipeline.status();
    }
    if (options_.json) {
        pipeline->format = Format::json;
    }
    absl::StatusOr<Command> command = parse(pipeline->command);
    if (!command.ok()) {
        return command.status();
    }
    const auto columns = api::grammar::columns_of_view(*command->method, schema_->forms());
    if (absl::Status status = check_columns(*pipeline, columns); !status.ok()) {
        return status;
    }
    return Understood{*std::move(command), *std::move(pipeline)};
}

absl::StatusOr<Command> Session::parse(const std::string& command) {
    absl::StatusOr<Command> parsed = schema_->grammar().parse(command);
    bool changed = false;
    if (parsed.ok() || !learn(changed, options_.timeout.value_or(default_timeout)).ok() ||
        !changed) {
        return parsed;
    }
    return schema_->grammar().parse(command);
}

absl::Status Session::call_into(const Command& command, Format format, api::grammar::Sink& sink,
                                std::ostream& out, const std::stop_token& stop) {
    const auto& method = *command.method;
    const auto renderer = api::grammar::make_renderer(method, format, schema_->forms(), sink);
    const auto scratch = schema_->grammar().new_message(*method.output_type());
    const bool stream = method.server_streaming();
    absl::Status status;
    {
        std::optional<LiveOutput> shown;
        if (stream) {
            shown.emplace(*renderer, sink, out);
        }
        status = backend_.call(
            method.full_name(), *command.request, *scratch,
            [&](const google::protobuf::Message& reply) {
                if (shown) {
                    return shown->add(reply);
                }
                renderer->add(reply);
                return out.good();
            },
            options_.timeout.value_or(stream ? absl::InfiniteDuration() : default_timeout), stop);
    }
    if (absl::IsCancelled(status) && stop.stop_requested()) {
        status = absl::OkStatus();
    }
    if (status.ok()) {
        sink.finish();
        stale_ = stale_ || api::grammar::options_of(method).GetExtension(sluice::writes);
    } else {
        sink.flush();
    }
    return status;
}

Result Session::call(const Command& command, const Pipeline& pipeline,
                     const std::stop_token& stop) {
    Pager pager(out_, options_.screen);
    const bool lines = pipeline.format == Format::json || pipeline.format == Format::yaml;
    api::grammar::Printer printer(pager.stream(), {lines ? 0 : options_.screen.size().columns,
                                                   !lines && options_.screen.colours});
    Filters filters(pipeline, printer);
    return Result::of_call(
        call_into(command, pipeline.format, filters.head(), pager.stream(), stop));
}

Suggestions Session::suggest(std::string_view line) {
    if (stale_ || options_.interactive) {
        bool changed = false;
        // Without a daemon the old commands are still worth showing.
        learn(changed, patience).IgnoreError();
    }
    return cli::suggest(line, *schema_, backend_, mode().builtins());
}

}  // namespace cli
