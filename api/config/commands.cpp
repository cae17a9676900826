// SPDX-License-Identifier: Apache-2.0
#include "api/config/commands.hpp"

#include <fmt/format.h>

namespace api::config {

namespace {

absl::Status call(const Registry& registry, const grammar::Command& command) {
    return registry.call_local(command.method->full_name(), *command.request,
                               [](const Message&) { return absl::OkStatus(); });
}

/// Takes the first line off the front of a text, without its end.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    return line;
}

}  // namespace

absl::StatusOr<const grammar::Grammar*> Commands::grammar() {
    if (grammar_ == nullptr || generation_ != registry_.generation()) {
        const std::uint64_t generation = registry_.generation();
        auto grammar = std::make_unique<grammar::Grammar>(forms_);
        for (const auto& method : registry_.methods()) {
            if (auto status = grammar->add_method(method->descriptor()); !status.ok()) {
                return status;
            }
        }
        grammar_ = std::move(grammar);
        generation_ = generation;
    }
    return grammar_.get();
}

absl::Status Commands::run(std::string_view line) {
    const auto known = grammar();
    if (!known.ok()) {
        return known.status();
    }
    const auto command = (*known)->parse(line);
    return command.ok() ? call(registry_, *command) : command.status();
}

std::vector<NumberedLine> lines_of(std::string_view text) {
    std::vector<NumberedLine> lines;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = take_line(text);
        const std::size_t first = line.find_first_not_of(" \t\r");
        if (first != std::string_view::npos && line[first] != '#') {
            lines.push_back({number, line});
        }
    }
    return lines;
}

absl::Status at_line(const absl::Status& status, std::string_view name, std::size_t number) {
    return absl::Status(status.code(),
                        fmt::format("{}:{}: {}", name, number, std::string(status.message())));
}

absl::Status run_lines(std::string_view text, std::string_view name, Commands& commands,
                       const Registry& registry) {
    const auto grammar = commands.grammar();
    if (!grammar.ok()) {
        return grammar.status();
    }
    std::vector<std::pair<std::size_t, grammar::Command>> read;
    for (const NumberedLine& line : lines_of(text)) {
        auto command = (*grammar)->parse(line.text);
        if (!command.ok()) {
            return at_line(command.status(), name, line.number);
        }
        read.emplace_back(line.number, *std::move(command));
    }
    for (const auto& [number, command] : read) {
        if (const absl::Status status = call(registry, command); !status.ok()) {
            return at_line(status, name, number);
        }
    }
    return absl::OkStatus();
}

}  // namespace api::config
