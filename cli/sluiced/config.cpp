// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/config.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace cli {

namespace {

struct Line {
    size_t number;
    api::grammar::Command command;
};

absl::Status at_line(const absl::Status& status, const std::string& name, size_t number) {
    return absl::Status(status.code(),
                        fmt::format("{}:{}: {}", name, number, std::string(status.message())));
}

/// Nothing but blanks and a comment.
bool is_empty(std::string_view line) {
    const size_t first = line.find_first_not_of(" \t\r");
    return first == std::string_view::npos || line[first] == '#';
}

/// Takes the first line off the front of a text, without its end.
std::string_view take_line(std::string_view& text) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    return line;
}

}  // namespace

absl::Status add_methods(api::grammar::Grammar& grammar, const api::Registry& registry) {
    for (const auto& method : registry.methods()) {
        if (auto status = grammar.add_method(method->descriptor()); !status.ok()) {
            return status;
        }
    }
    return absl::OkStatus();
}

absl::Status run_config(std::string_view text, const std::string& name,
                        const api::grammar::Grammar& grammar, const api::Registry& registry) {
    std::vector<Line> lines;
    size_t number = 0;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        ++number;
        if (is_empty(line)) {
            continue;
        }
        auto command = grammar.parse(line);
        if (!command.ok()) {
            return at_line(command.status(), name, number);
        }
        lines.push_back({number, std::move(*command)});
    }
    for (const Line& line : lines) {
        const absl::Status status =
            registry.call_local(line.command.method->full_name(), *line.command.request,
                                [](const auto&) { return absl::OkStatus(); });
        if (!status.ok()) {
            return at_line(status, name, line.number);
        }
    }
    return absl::OkStatus();
}

absl::Status run_config_file(const std::string& path, const api::grammar::Grammar& grammar,
                             const api::Registry& registry) {
    std::ifstream file(path);
    std::stringstream text;
    if (!file || !(text << file.rdbuf() || file.eof())) {
        return absl::NotFoundError(
            fmt::format("configuration file '{}' cannot be read: {}", path, std::strerror(errno)));
    }
    return run_config(text.str(), path, grammar, registry);
}

}  // namespace cli
