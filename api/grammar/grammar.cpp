// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/grammar.hpp"

#include <fmt/format.h>

#include "api/grammar/ambiguity.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/place.hpp"
#include "api/grammar/tokenizer.hpp"
#include "api/grammar/walk.hpp"

namespace api::grammar {

using google::protobuf::MethodDescriptor;

Grammar::Grammar(const TextForms& forms) : forms_(forms) {
    factory_.SetDelegateToGeneratedFactory(true);
}

const google::protobuf::Message& Grammar::prototype(
    const google::protobuf::Descriptor& type) const {
    return *factory_.GetPrototype(&type);
}

std::unique_ptr<google::protobuf::Message> Grammar::new_message(
    const google::protobuf::Descriptor& type) const {
    return std::unique_ptr<google::protobuf::Message>(prototype(type).New());
}

absl::StatusOr<Grammar::Known> Grammar::compile(const MethodDescriptor& method) const {
    const google::protobuf::MethodOptions options = options_of(method);
    Known known;
    known.replaces = options.GetExtension(sluice::replaces);
    const int lines = options.ExtensionSize(sluice::cli);
    const int undo = options.ExtensionSize(sluice::undo);
    if (lines > 0 && method.client_streaming()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} cannot have a command: it takes a stream of requests, and a line is only one",
            method.full_name()));
    }
    if (undo > 1 && undo != lines) {
        return absl::InvalidArgumentError(
            fmt::format("{} has {} commands and {} that take them back; give one for all, or one "
                        "for each",
                        method.full_name(), lines, undo));
    }
    const auto add = [&](const std::string& text, Patterns& to) {
        auto pattern = Pattern::compile(text, method, prototype(*method.input_type()), forms_);
        if (pattern.ok()) {
            to.push_back(*std::move(pattern));
        }
        return pattern.status();
    };
    const int stages = options.ExtensionSize(sluice::stage);
    if (stages > 1 && stages != lines) {
        return absl::InvalidArgumentError(
            fmt::format("{} has {} commands and {} stages; give one for all, or one for each",
                        method.full_name(), lines, stages));
    }
    for (int i = 0; i < stages; ++i) {
        known.stages.push_back(options.GetExtension(sluice::stage, i));
    }
    absl::Status status = find_defaults(*method.input_type(), known);
    for (int i = 0; i < lines && status.ok(); ++i) {
        status = add(options.GetExtension(sluice::cli, i), known.lines);
    }
    for (int i = 0; i < undo && status.ok(); ++i) {
        status = add(options.GetExtension(sluice::undo, i), known.undo);
    }
    if (status.ok()) {
        status = check_clashes(known.lines);
    }
    if (!status.ok()) {
        return status;
    }
    return known;
}

absl::Status Grammar::find_defaults(const google::protobuf::Descriptor& request,
                                    Known& known) const {
    for (int i = 0; i < request.field_count(); ++i) {
        const google::protobuf::FieldDescriptor& field = *request.field(i);
        const std::string text = options_of(field).GetExtension(sluice::default_value);
        if (text.empty()) {
            continue;
        }
        const auto scratch = new_message(request);
        if (field.is_repeated() || !forms_.parse(field, text, *scratch).ok()) {
            return absl::InvalidArgumentError(
                fmt::format("{} cannot have the default '{}': a line could not say it",
                            field.full_name(), text));
        }
        known.defaults.emplace_back(&field, text);
    }
    return absl::OkStatus();
}

absl::Status Grammar::check_clashes(const Patterns& compiled) const {
    const std::vector<const Pattern*> others = patterns();
    for (std::size_t i = 0; i < compiled.size(); ++i) {
        const auto clash = [&](const Pattern& other) {
            const auto line = line_in_both(*compiled[i], other, forms_);
            return line ? absl::InvalidArgumentError(fmt::format(
                              "the command '{}' of {} clashes with '{}' of {}: both accept the "
                              "line '{}'",
                              compiled[i]->text(), compiled[i]->method().full_name(), other.text(),
                              other.method().full_name(), *line))
                        : absl::OkStatus();
        };
        for (std::size_t j = 0; j < i; ++j) {
            if (absl::Status status = clash(*compiled[j]); !status.ok()) {
                return status;
            }
        }
        for (const Pattern* other : others) {
            if (absl::Status status = clash(*other); !status.ok()) {
                return status;
            }
        }
    }
    return absl::OkStatus();
}

absl::Status Grammar::check(const MethodDescriptor& method) const {
    if (methods_.contains(method.full_name())) {
        return absl::AlreadyExistsError(
            fmt::format("the commands of {} are known already", method.full_name()));
    }
    return compile(method).status();
}

absl::Status Grammar::add_method(const MethodDescriptor& method) {
    if (methods_.contains(method.full_name())) {
        return check(method);
    }
    absl::StatusOr<Known> compiled = compile(method);
    if (compiled.ok() && !compiled->lines.empty()) {
        methods_.emplace(method.full_name(), *std::move(compiled));
    }
    return compiled.status();
}

absl::Status Grammar::add_service(const google::protobuf::ServiceDescriptor& service) {
    for (int i = 0; i < service.method_count(); ++i) {
        if (absl::Status status = add_method(*service.method(i)); !status.ok()) {
            while (i-- > 0) {
                remove_method(service.method(i)->full_name());
            }
            return status;
        }
    }
    return absl::OkStatus();
}

void Grammar::remove_method(std::string_view full_name) {
    if (const auto found = methods_.find(full_name); found != methods_.end()) {
        methods_.erase(found);
    }
}

void Grammar::remove_service(const google::protobuf::ServiceDescriptor& service) {
    for (int i = 0; i < service.method_count(); ++i) {
        remove_method(service.method(i)->full_name());
    }
}

std::vector<const Pattern*> Grammar::patterns() const {
    std::vector<const Pattern*> all;
    for (const auto& [name, known] : methods_) {
        for (const auto& pattern : known.lines) {
            all.push_back(pattern.get());
        }
    }
    return all;
}

absl::StatusOr<Command> Grammar::parse(std::string_view line) const {
    const absl::StatusOr<std::vector<Token>> tokens = tokenize(line);
    if (!tokens.ok()) {
        return tokens.status();
    }
    if (tokens->empty()) {
        return absl::InvalidArgumentError("the line is empty: type a command");
    }
    Walk walk(patterns(), forms_);
    for (const Token& token : *tokens) {
        if (absl::Status status = walk.step(token); !status.ok()) {
            return at(std::move(status), {token.begin, token.end});
        }
    }
    const Thread* reading = walk.finished();
    if (reading == nullptr) {
        return at(walk.too_short(), {line.size(), line.size()});
    }
    Command command{&reading->pattern->method(),
                    std::unique_ptr<google::protobuf::Message>(reading->pattern->request().New())};
    for (const Binding& binding : reading->bindings) {
        if (absl::Status status = forms_.parse(*binding.field, binding.text, *command.request);
            !status.ok()) {
            return status;
        }
    }
    return command;
}

}  // namespace api::grammar
