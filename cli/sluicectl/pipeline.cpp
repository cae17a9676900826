// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/pipeline.hpp"

#include <fmt/format.h>
#include <regex.h>

#include <algorithm>

#include "api/grammar/escape.hpp"
#include "api/grammar/tokenizer.hpp"

namespace cli {

using api::grammar::Format;
using api::grammar::Token;

/// A compiled POSIX extended regular expression: its time is bounded where std::regex's is not.
class Output::Expression {
public:
    explicit Expression(const std::string& text)
        : error_(regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
    ~Expression() {
        if (error_ == 0) {
            regfree(&regex_);
        }
    }
    Expression(const Expression&) = delete;
    Expression& operator=(const Expression&) = delete;

    /// Why it does not compile, or "".
    std::string error() const {
        if (error_ == 0) {
            return {};
        }
        char text[200];
        regerror(error_, &regex_, text, sizeof text);
        return text;
    }

    bool matches(const std::string& text) const {
        return regexec(&regex_, text.c_str(), 0, nullptr, 0) == 0;
    }

    static std::string check(const std::string& text) { return Expression(text).error(); }

private:
    regex_t regex_;
    const int error_;
};

std::span<const FilterHelp> filters() {
    static constexpr FilterHelp all[] = {
        {"count", "How many lines there are, headings apart"},
        {"detail", "Every field on a line of its own"},
        {"json", "As JSON"},
        {"match", "Only lines that match a regular expression"},
    };
    return all;
}

namespace {

absl::Status refuse(std::string_view what) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected one of: json, detail, match RE, count", what));
}

/// The filter that a word means, abbreviated or not, or "".
std::string filter_named(const Token& token) {
    for (const FilterHelp& filter : filters()) {
        if (!token.quoted && std::string_view(filter.name).starts_with(token.text)) {
            return filter.name;
        }
    }
    return {};
}

}  // namespace

absl::StatusOr<Pipeline> parse_pipeline(std::string_view line) {
    const absl::StatusOr<std::vector<Token>> tokens = api::grammar::tokenize(line);
    if (!tokens.ok()) {
        return tokens.status();
    }
    auto at =
        std::find_if(tokens->begin(), tokens->end(), [](const Token& token) { return token.bar; });
    Pipeline pipeline;
    pipeline.command = std::string(at == tokens->end() ? line : line.substr(0, at->begin));
    while (at != tokens->end()) {
        if (!at->bar) {
            return absl::InvalidArgumentError(
                fmt::format("unexpected '{}': a filter ends with the line or a '|'",
                            api::grammar::escape_for_terminal(at->text)));
        }
        if (pipeline.count) {
            return absl::InvalidArgumentError("nothing may follow '| count'");
        }
        if (++at == tokens->end() || at->bar) {
            return refuse("a filter is missing after '|'");
        }
        const std::string filter = filter_named(*at);
        if (filter.empty()) {
            return refuse(
                fmt::format("unknown filter '{}'", api::grammar::escape_for_terminal(at->text)));
        }
        ++at;
        if (filter == "match") {
            if (at == tokens->end() || at->bar) {
                return absl::InvalidArgumentError("'| match' needs a regular expression behind it");
            }
            if (const std::string error = Output::check(at->text); !error.empty()) {
                return absl::InvalidArgumentError(
                    fmt::format("'{}' is not a regular expression: {}",
                                api::grammar::escape_for_terminal(at->text), error));
            }
            pipeline.matches.push_back(at->text);
            ++at;
        } else if (filter == "count") {
            pipeline.count = true;
        } else {
            pipeline.format = filter == "json" ? Format::json : Format::detail;
        }
    }
    return pipeline;
}

std::string Output::check(const std::string& expression) {
    return Expression::check(expression);
}

Output::Output(const Pipeline& pipeline, std::ostream& out) : out_(out), count_(pipeline.count) {
    for (const std::string& text : pipeline.matches) {
        expressions_.push_back(std::make_unique<Expression>(text));
    }
}

Output::~Output() = default;

void Output::line(std::string_view text, bool heading) {
    if (!heading && !expressions_.empty()) {
        const std::string whole(text);
        for (const auto& expression : expressions_) {
            if (!expression->matches(whole)) {
                return;
            }
        }
    }
    if (!count_) {
        out_ << text << '\n';
    } else if (!heading) {
        ++counted_;
    }
}

void Output::finish() {
    if (count_) {
        out_ << counted_ << '\n';
    }
}

}  // namespace cli
