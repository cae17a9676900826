// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/completer.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "api/grammar/escape.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/render.hpp"
#include "api/grammar/tokenizer.hpp"
#include "api/grammar/wrap.hpp"
#include "cli/sluicectl/pipeline.hpp"
#include "cli/sluicectl/value_finder.hpp"

namespace cli {
namespace {

using api::grammar::Candidate;
using api::grammar::Scan;
using api::grammar::Token;

constexpr std::string_view file_source = "file:";

/// Two suggestions for one place: what either has.
void merge(Suggestions& into, Suggestions from) {
    into.whole = into.whole || from.whole;
    for (Candidate& candidate : from.candidates) {
        const bool known =
            std::any_of(into.candidates.begin(), into.candidates.end(),
                        [&](const Candidate& other) { return other.text == candidate.text; });
        if (!known) {
            into.candidates.push_back(std::move(candidate));
        }
    }
}

void offer(Suggestions& suggestions, std::string_view word, std::string_view help) {
    if (word.starts_with(suggestions.partial)) {
        suggestions.candidates.push_back({std::string(word), std::string(help)});
    }
}

/// The columns that a filter behind this command can name.
void offer_columns(Suggestions& suggestions, std::string_view command, const Schema& schema) {
    const auto parsed = schema.grammar().parse(command);
    if (!parsed.ok()) {
        return;
    }
    // "a,b,c": only what is behind the last comma is under way.
    const std::size_t comma = suggestions.partial.rfind(',');
    const std::string before =
        comma == std::string::npos ? "" : suggestions.partial.substr(0, comma + 1);
    for (const auto& column : api::grammar::columns_of_view(*parsed->method, schema.forms())) {
        offer(suggestions, before + name_of(column), api::grammar::summary_of(*column.field));
    }
}

/// Behind a bar: the filters' names, and what some of them take.
Suggestions suggest_filter(std::string_view line, const std::vector<Token>& tokens,
                           std::size_t after_bar, const Schema& schema) {
    Suggestions suggestions;
    suggestions.begin = line.size();
    const bool under_way = after_bar < tokens.size() && tokens.back().end == line.size();
    const std::size_t done = tokens.size() - after_bar - (under_way ? 1u : 0u);
    if (under_way) {
        suggestions.partial = tokens.back().text;
        suggestions.begin = tokens.back().begin;
    }
    if (done == 0) {
        for (const FilterHelp& filter : filters()) {
            offer(suggestions, filter.name, filter.help);
        }
        return suggestions;
    }
    const FilterHelp* filter = filter_named(tokens[after_bar].text);
    if (filter == nullptr) {
        return suggestions;
    }
    suggestions.whole = *filter->takes == '\0' || done > 1;
    const bool names_column =
        filter->kind == FilterKind::columns || (filter->kind == FilterKind::sort && done == 1);
    if (names_column) {
        const auto bar =
            std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.bar; });
        offer_columns(suggestions, line.substr(0, bar->begin), schema);
    } else if (filter->kind == FilterKind::sort && done == 2) {
        offer(suggestions, "down", "The greatest first");
    } else if (done == 1 && *filter->takes != '\0') {
        suggestions.candidates.push_back(
            {"<" + std::string(filter->takes) + ">", filter->help, true});
    }
    return suggestions;
}

const Builtin* own_word(std::span<const Builtin> own, const Token& token) {
    const auto found = std::find_if(own.begin(), own.end(), [&](const Builtin& word) {
        return !token.quoted && word.name == token.text;
    });
    return found == own.end() ? nullptr : &*found;
}

bool is_number(const Token& token) {
    return token.text.find_first_not_of("0123456789.") == std::string::npos;
}

/// The values behind the placeholders, as the daemon and the disk have them now. Several commands
/// may have the same.
void add_values(Suggestions& suggestions, const Schema& schema, Backend& backend) {
    const std::vector<Candidate> found = suggestions.candidates;
    std::set<std::string> offered;
    for (const Candidate& candidate : found) {
        if (candidate.values_from == file_source) {
            for (const std::string& path : paths(suggestions.partial)) {
                suggestions.candidates.push_back({path, ""});
            }
        } else if (!candidate.values_from.empty()) {
            for (const std::string& value : live_values(candidate.values_from, schema, backend)) {
                if (offered.insert(value).second) {
                    offer(suggestions, value, candidate.help);
                }
            }
        }
    }
}

}  // namespace

Suggestions suggest(std::string_view line, const Schema& schema, Backend& backend,
                    std::span<const Builtin> own) {
    const Scan scanned = api::grammar::scan(line);
    const std::vector<Token>& tokens = scanned.tokens;
    const auto bar =
        std::find_if(tokens.rbegin(), tokens.rend(), [](const Token& token) { return token.bar; });
    if (bar != tokens.rend() && !scanned.comment) {
        return suggest_filter(line, tokens, static_cast<std::size_t>(tokens.rend() - bar), schema);
    }
    Suggestions suggestions = schema.grammar().complete(line);
    const bool first_word = suggestions.begin == (tokens.empty() ? line.size() : tokens[0].begin);
    if (first_word && !scanned.comment && scanned.open == 0) {
        Suggestions words;
        words.partial = suggestions.partial;
        for (const Builtin& word : own) {
            offer(words, word.name, word.help);
        }
        merge(suggestions, std::move(words));
        std::sort(suggestions.candidates.begin(), suggestions.candidates.end(),
                  [](const Candidate& a, const Candidate& b) { return a.text < b.text; });
    }
    add_values(suggestions, schema, backend);
    const Builtin* word = first_word || scanned.comment ? nullptr : own_word(own, tokens[0]);
    if (word == nullptr) {
        return suggestions;
    }
    if (!word->takes_command) {
        suggestions.whole = true;
        return suggestions;
    }
    // Behind "watch" or "watch 2" a command begins.
    std::size_t from = tokens[0].end;
    if (tokens.size() > 1 && is_number(tokens[1]) && tokens[1].end < line.size()) {
        from = tokens[1].end;
    }
    Suggestions inner = suggest(line.substr(from), schema, backend, {});
    inner.begin += from;
    if (suggestions.candidates.empty()) {
        return inner;
    }
    merge(suggestions, std::move(inner));
    return suggestions;
}

Completed complete_word(const Suggestions& suggestions, std::string_view typed) {
    std::vector<std::string> words;
    bool open_end = false;
    for (const Candidate& candidate : suggestions.candidates) {
        if (candidate.placeholder) {
            // Where live values are known they are meant; else any value may be.
            open_end = open_end || candidate.values_from.empty();
        } else {
            words.push_back(candidate.text);
        }
    }
    if (words.empty() || (open_end && suggestions.partial.empty())) {
        return {};
    }
    std::string shared = words.front();
    for (const std::string& word : words) {
        shared.erase(std::mismatch(shared.begin(), shared.end(), word.begin(), word.end()).first,
                     shared.end());
    }
    // A quote that was opened stays the one that was typed, and what is only begun stays open.
    const bool single = words.size() == 1 && !shared.ends_with('/') && !shared.ends_with(',');
    const char mark = typed.empty() ? '\0' : typed.front();
    const bool quoted = mark == '"' || mark == '\'' || api::grammar::quote(shared) != shared;
    std::string replacement = shared;
    if (quoted && mark == '\'' && shared.find('\'') == std::string::npos) {
        replacement = "'" + shared + "'";
    } else if (quoted) {
        replacement = api::grammar::force_quote(shared);
    }
    if (single) {
        replacement += ' ';
    } else if (quoted) {
        replacement.pop_back();
    }
    if (!single && shared.size() <= suggestions.partial.size()) {
        return {};
    }
    return {replacement, replacement != typed};
}

void list_pair(std::string_view left, std::size_t width, std::string_view right, std::ostream& out,
               const Screen& screen) {
    constexpr std::size_t indent = 2;
    constexpr std::size_t least = 20;
    const std::string text = api::grammar::escape_for_terminal(left);
    const std::size_t taken = api::grammar::cells(text);
    out << std::string(indent, ' ') << text;
    if (right.empty()) {
        out << '\n';
        return;
    }
    const std::size_t columns = screen.size().columns;
    const std::size_t before = indent + std::max(width, taken) + 2;
    // What is too long for its column has its help below.
    const bool below = columns > 0 && before + least > columns;
    const std::size_t start = below ? indent * 2 : taken > width ? indent + width + 2 : before;
    const std::size_t room = columns == 0 ? 0 : columns > start + 1 ? columns - start - 1 : least;
    bool first = true;
    const bool break_first = below || (columns > 0 && taken > width);
    for (const std::string& line :
         api::grammar::wrap(api::grammar::escape_for_terminal(right), room)) {
        if (first && !break_first) {
            out << std::string(before - indent - taken, ' ');
        } else {
            out << (first ? "\n" : "") << std::string(start, ' ');
        }
        out << line << '\n';
        first = false;
    }
}

namespace {

/// All that is known of a value: its comment, then what is accepted.
void list_value(const Candidate& value, std::size_t width, std::ostream& out,
                const Screen& screen) {
    if (value.comment.empty()) {
        list_pair(value.text, width, value.help, out, screen);
        return;
    }
    std::string_view rest = value.comment;
    std::string_view left = value.text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        list_pair(left, width, rest.substr(0, end), out, screen);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        left = "";
    }
    list_pair("", width, "(" + value.accepts + ")", out, screen);
}

}  // namespace

void list(const Suggestions& suggestions, std::ostream& out, const Screen& screen) {
    const bool whole = suggestions.whole && suggestions.partial.empty();
    std::size_t width = whole ? 7 : 0;
    for (const Candidate& candidate : suggestions.candidates) {
        width = std::max(width, api::grammar::cells(candidate.text));
    }
    width = std::min<std::size_t>(width, 40);
    const std::size_t rows = screen.size().rows;
    const std::size_t room = rows > 6 ? rows - 4 : suggestions.candidates.size();
    std::size_t shown = 0;
    for (const Candidate& candidate : suggestions.candidates) {
        if (shown == room && suggestions.candidates.size() > room + 1) {
            list_pair("...", width,
                      std::to_string(suggestions.candidates.size() - shown) +
                          " more: type the next letter",
                      out, screen);
            break;
        }
        ++shown;
        if (candidate.placeholder) {
            list_value(candidate, width, out, screen);
        } else {
            list_pair(candidate.text, width, candidate.help, out, screen);
        }
    }
    if (whole) {
        list_pair("<enter>", width, "Runs the line", out, screen);
    }
}

}  // namespace cli
