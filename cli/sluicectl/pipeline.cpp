// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/pipeline.hpp"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/escape.hpp"
#include "api/grammar/place.hpp"
#include "api/grammar/similar.hpp"
#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/expression.hpp"

namespace cli {

using api::grammar::Column;
using api::grammar::Format;
using api::grammar::Token;

std::span<const FilterHelp> filters() {
    static constexpr FilterHelp all[] = {
        {FilterKind::begin, "begin", "RE", "From the first row on that matches"},
        {FilterKind::columns, "columns", "A,B", "Only these columns, in this order"},
        {FilterKind::count, "count", "", "Only how many rows there are"},
        {FilterKind::detail, "detail", "", "Every field on a line of its own"},
        {FilterKind::exclude, "exclude", "RE", "Only rows that do not match"},
        {FilterKind::first, "first", "N", "Only the first N rows"},
        {FilterKind::json, "json", "", "JSON, an object a line"},
        {FilterKind::last, "last", "N", "Only the last N rows"},
        {FilterKind::match, "match", "RE", "Only rows that match"},
        {FilterKind::sort, "sort", "COLUMN [down]", "By a column, the greatest last, or first"},
        {FilterKind::yaml, "yaml", "", "YAML"},
    };
    return all;
}

const FilterHelp* filter_named(std::string_view word) {
    const FilterHelp* found = nullptr;
    for (const FilterHelp& filter : filters()) {
        if (filter.name == word) {
            return &filter;
        }
        if (std::string_view(filter.name).starts_with(word)) {
            if (found != nullptr) {
                return nullptr;
            }
            found = &filter;
        }
    }
    return found;
}

namespace {

std::string all_filters() {
    std::vector<std::string> names;
    for (const FilterHelp& filter : filters()) {
        names.push_back(std::string(filter.name) + (*filter.takes == '\0' ? "" : " ") +
                        filter.takes);
    }
    return absl::StrJoin(names, ", ");
}

/// Reads the filters of one line, a word at a time.
class Reader {
public:
    Reader(std::string_view line, const std::vector<Token>& tokens) : line_(line), tokens_(tokens) {
        at_ = std::find_if(tokens.begin(), tokens.end(),
                           [](const Token& token) { return token.bar; });
    }

    absl::StatusOr<Pipeline> run() {
        pipeline_.command = std::string(at_ == tokens_.end() ? line_ : line_.substr(0, at_->begin));
        while (at_ != tokens_.end()) {
            if (absl::Status status = filter(); !status.ok()) {
                return status;
            }
        }
        return std::move(pipeline_);
    }

private:
    bool ends() const { return at_ == tokens_.end() || at_->bar; }

    /// The error, at the present word or at the end of the line.
    absl::Status wrong(std::string sentence) const {
        absl::Status status = absl::InvalidArgumentError(std::move(sentence));
        return at_ == tokens_.end() ? api::grammar::at(status, {line_.size(), line_.size()})
                                    : api::grammar::at(status, {at_->begin, at_->end});
    }

    absl::Status filter() {
        if (!at_->bar) {
            return wrong(fmt::format("unexpected '{}': a filter ends with the line or a '|'",
                                     api::grammar::escape_for_terminal(at_->text)));
        }
        if (!pipeline_.filters.empty() && pipeline_.filters.back().kind == FilterKind::count) {
            return wrong("nothing may follow '| count'");
        }
        ++at_;
        if (ends()) {
            return wrong(
                fmt::format("a filter is missing after '|': expected one of: {}", all_filters()));
        }
        const FilterHelp* help = at_->quoted ? nullptr : filter_named(at_->text);
        if (help == nullptr) {
            return unknown();
        }
        Filter filter;
        filter.kind = help->kind;
        filter.begin = at_->begin;
        ++at_;
        if (*help->takes != '\0' && ends()) {
            return wrong(missing(*help));
        }
        if (absl::Status status = operand(filter); !status.ok()) {
            return status;
        }
        filter.end = std::prev(at_)->end;
        take(std::move(filter));
        return absl::OkStatus();
    }

    absl::Status unknown() const {
        std::vector<std::string> names;
        std::vector<std::string> fitting;
        for (const FilterHelp& filter : filters()) {
            names.emplace_back(filter.name);
            if (names.back().starts_with(at_->text)) {
                fitting.push_back(names.back());
            }
        }
        const std::string shown = api::grammar::escape_for_terminal(at_->text);
        if (!fitting.empty() && !at_->quoted) {
            return wrong(fmt::format("the filter '{}' is too short, it could be any of: {}", shown,
                                     absl::StrJoin(fitting, ", ")));
        }
        return wrong(fmt::format("unknown filter '{}'{}: expected one of: {}", shown,
                                 api::grammar::did_you_mean(at_->text, names), all_filters()));
    }

    static std::string missing(const FilterHelp& help) {
        switch (help.kind) {
            case FilterKind::first:
            case FilterKind::last:
                return fmt::format("'| {}' needs a number of rows behind it", help.name);
            case FilterKind::sort:
            case FilterKind::columns:
                return fmt::format("'| {}' needs the name of a column behind it", help.name);
            default:
                return fmt::format("'| {}' needs a regular expression behind it", help.name);
        }
    }

    /// What stands behind the filter's name.
    absl::Status operand(Filter& filter) {
        switch (filter.kind) {
            case FilterKind::match:
            case FilterKind::exclude:
            case FilterKind::begin:
                if (const std::string error = Expression::check(at_->text); !error.empty()) {
                    return wrong(fmt::format("'{}' is not a regular expression: {}",
                                             api::grammar::escape_for_terminal(at_->text), error));
                }
                filter.expression = (at_++)->text;
                return absl::OkStatus();
            case FilterKind::first:
            case FilterKind::last:
                if (std::uint64_t number = 0; absl::SimpleAtoi(at_->text, &number)) {
                    filter.number = number;
                    ++at_;
                    return absl::OkStatus();
                }
                return wrong(fmt::format("'{}' is not a number of rows: give one such as 10",
                                         api::grammar::escape_for_terminal(at_->text)));
            case FilterKind::sort:
                filter.columns.push_back((at_++)->text);
                if (!ends() && (at_->text == "down" || at_->text == "up")) {
                    filter.down = (at_++)->text == "down";
                }
                return absl::OkStatus();
            case FilterKind::columns:
                // "a,b", "a, b" and "a b" mean the same.
                while (!ends()) {
                    for (const auto name : absl::StrSplit(at_->text, ',', absl::SkipEmpty())) {
                        filter.columns.emplace_back(name);
                    }
                    ++at_;
                }
                return absl::OkStatus();
            default:
                return absl::OkStatus();
        }
    }

    void take(Filter filter) {
        switch (filter.kind) {
            case FilterKind::json:
                pipeline_.format = Format::json;
                break;
            case FilterKind::yaml:
                pipeline_.format = Format::yaml;
                break;
            case FilterKind::detail:
                pipeline_.format = Format::detail;
                break;
            default:
                pipeline_.filters.push_back(std::move(filter));
        }
    }

    std::string_view line_;
    const std::vector<Token>& tokens_;
    std::vector<Token>::const_iterator at_;
    Pipeline pipeline_;
};

/// Case, '_', '-' and ' ' make no difference in the names of columns.
std::string folded(std::string_view name) {
    std::string text = absl::AsciiStrToLower(std::string(name));
    std::replace(text.begin(), text.end(), '_', '-');
    std::replace(text.begin(), text.end(), ' ', '-');
    return text;
}

}  // namespace

absl::StatusOr<Pipeline> parse_pipeline(std::string_view line) {
    const absl::StatusOr<std::vector<Token>> tokens = api::grammar::tokenize(line);
    if (!tokens.ok()) {
        return tokens.status();
    }
    return Reader(line, *tokens).run();
}

std::string name_of(const Column& column) {
    return folded(column.heading);
}

int column_named(std::string_view name, const std::vector<Column>& columns) {
    const std::string wanted = folded(name);
    int found = -1;
    bool twice = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string heading = name_of(columns[i]);
        const std::string field = folded(columns[i].field->name());
        if (heading == wanted || field == wanted) {
            return static_cast<int>(i);
        }
        if (heading.starts_with(wanted) || field.starts_with(wanted)) {
            twice = found >= 0;
            found = static_cast<int>(i);
        }
    }
    return twice ? -1 : found;
}

absl::Status check_columns(const Pipeline& pipeline, const std::vector<Column>& columns) {
    // What `columns` has left is what the filters behind it see.
    std::vector<Column> here = columns;
    for (const Filter& filter : pipeline.filters) {
        if (filter.columns.empty()) {
            continue;
        }
        const auto wrong = [&](std::string sentence) {
            return api::grammar::at(absl::InvalidArgumentError(std::move(sentence)),
                                    {filter.begin, filter.end});
        };
        const char* name = filter.kind == FilterKind::sort ? "sort" : "columns";
        if (pipeline.format != Format::view || columns.empty()) {
            return wrong(fmt::format(
                "'| {}' works on tables: {}", name,
                columns.empty() ? "this command shows none" : "leave out the other format"));
        }
        std::vector<Column> left;
        for (const std::string& column : filter.columns) {
            const int at = column_named(column, here);
            if (at < 0) {
                std::vector<std::string> names;
                std::vector<std::string> fitting;
                for (const Column& known : here) {
                    names.push_back(name_of(known));
                    if (names.back().starts_with(folded(column))) {
                        fitting.push_back(names.back());
                    }
                }
                if (!fitting.empty()) {
                    return wrong(fmt::format("the column '{}' is too short, it could be any of: {}",
                                             api::grammar::escape_for_terminal(column),
                                             absl::StrJoin(fitting, ", ")));
                }
                return wrong(fmt::format("no column is meant by '{}'{}: expected one of: {}",
                                         api::grammar::escape_for_terminal(column),
                                         api::grammar::did_you_mean(folded(column), names),
                                         absl::StrJoin(names, ", ")));
            }
            left.push_back(here[static_cast<std::size_t>(at)]);
        }
        if (filter.kind == FilterKind::columns) {
            here = std::move(left);
        }
    }
    return absl::OkStatus();
}

}  // namespace cli
