// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/completer.hpp"

#include <algorithm>
#include <set>

#include "api/grammar/cell.hpp"
#include "api/grammar/escape.hpp"
#include "api/grammar/render.hpp"
#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/pipeline.hpp"

namespace cli {
namespace {

using api::grammar::Candidate;
using api::grammar::Scan;
using api::grammar::Token;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr absl::Duration patience = absl::Milliseconds(500);
constexpr std::size_t most_values = 1000;

/// Gathers the texts of one field from the replies of a method.
class ValueFinder {
public:
    ValueFinder(const Schema& schema, Backend& backend) : schema_(schema), backend_(backend) {}

    /// `source` is "service.Method:field".
    std::set<std::string> find(const std::string& source) {
        const std::size_t colon = source.rfind(':');
        const auto* method = colon == std::string::npos
                                 ? nullptr
                                 : schema_.pool().FindMethodByName(source.substr(0, colon));
        if (method == nullptr || method->client_streaming()) {
            return {};
        }
        const auto& reply = *method->output_type();
        const std::string name = source.substr(colon + 1);
        field_ = reply.FindFieldByName(name);
        if (field_ == nullptr) {
            rows_ = api::grammar::rows_of(reply, schema_.forms());
            field_ = rows_ == nullptr ? nullptr : rows_->message_type()->FindFieldByName(name);
        }
        if (field_ == nullptr || !schema_.forms().covers(*field_)) {
            return {};
        }
        const auto request = schema_.grammar().new_message(*method->input_type());
        const auto scratch = schema_.grammar().new_message(reply);
        // Whatever went wrong, the values that did come are as good as they can be.
        backend_
            .call(method->full_name(), *request, *scratch,
                  [this](const Message& message) {
                      take_reply(message);
                      return values_.size() < most_values;
                  },
                  patience, {})
            .IgnoreError();
        return std::move(values_);
    }

private:
    void take_reply(const Message& reply) {
        if (rows_ == nullptr) {
            take(reply);
            return;
        }
        const auto& reflection = *reply.GetReflection();
        for (int i = 0; i < reflection.FieldSize(reply, rows_); ++i) {
            take(reflection.GetRepeatedMessage(reply, rows_, i));
        }
    }

    void take(const Message& message) {
        const auto& reflection = *message.GetReflection();
        const int size = field_->is_repeated() ? reflection.FieldSize(message, field_) : 1;
        for (int i = 0; i < size; ++i) {
            values_.insert(schema_.forms().print(message, *field_, field_->is_repeated() ? i : -1));
        }
    }

    const Schema& schema_;
    Backend& backend_;
    const FieldDescriptor* field_ = nullptr;
    const FieldDescriptor* rows_ = nullptr;
    std::set<std::string> values_;
};

/// Behind a bar: the filters' names.
Suggestions suggest_filter(std::string_view line, const std::vector<Token>& tokens,
                           std::size_t after_bar) {
    Suggestions suggestions;
    suggestions.begin = line.size();
    const bool under_way = after_bar < tokens.size() && tokens.back().end == line.size();
    suggestions.whole = after_bar < tokens.size() && !under_way;
    if (tokens.size() - after_bar > (under_way ? 1u : 0u)) {
        return suggestions;
    }
    if (under_way) {
        suggestions.partial = tokens.back().text;
        suggestions.begin = tokens.back().begin;
    }
    for (const FilterHelp& filter : filters()) {
        if (std::string_view(filter.name).starts_with(suggestions.partial)) {
            suggestions.candidates.push_back({filter.name, filter.help, false, {}});
        }
    }
    return suggestions;
}

void add_own_words(Suggestions& suggestions) {
    const std::pair<const char*, const char*> own[] = {
        {"exit", "Leaves the shell"}, {"help", "Lists the commands"}, {"quit", "Leaves the shell"}};
    for (const auto& [word, help] : own) {
        if (std::string_view(word).starts_with(suggestions.partial)) {
            suggestions.candidates.push_back({word, help, false, {}});
        }
    }
    std::sort(suggestions.candidates.begin(), suggestions.candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.text < b.text; });
}

}  // namespace

Suggestions suggest(std::string_view line, const Schema& schema, Backend& backend) {
    const Scan scanned = api::grammar::scan(line);
    const auto bar = std::find_if(scanned.tokens.rbegin(), scanned.tokens.rend(),
                                  [](const Token& token) { return token.bar; });
    if (bar != scanned.tokens.rend() && !scanned.comment) {
        return suggest_filter(line, scanned.tokens,
                              static_cast<std::size_t>(scanned.tokens.rend() - bar));
    }
    Suggestions suggestions = schema.grammar().complete(line);
    const bool first_word =
        suggestions.begin == (scanned.tokens.empty() ? line.size() : scanned.tokens[0].begin);
    if (first_word && !scanned.comment && scanned.open == 0) {
        add_own_words(suggestions);
    }
    const std::vector<Candidate> found = suggestions.candidates;
    for (const Candidate& candidate : found) {
        if (candidate.values_from.empty()) {
            continue;
        }
        for (const std::string& value : ValueFinder(schema, backend).find(candidate.values_from)) {
            if (value.starts_with(suggestions.partial)) {
                suggestions.candidates.push_back({value, candidate.help, false, {}});
            }
        }
    }
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
    std::string replacement = api::grammar::quote(shared);
    if (words.size() == 1) {
        replacement += ' ';
    } else if (shared.size() <= suggestions.partial.size() || replacement != shared) {
        return {};
    }
    return {replacement, replacement != typed};
}

void list_pair(std::string_view left, std::size_t width, std::string_view right,
               std::ostream& out) {
    const std::string text = api::grammar::escape_for_terminal(left);
    const std::size_t taken = api::grammar::cells(text);
    out << "  " << text;
    if (!right.empty()) {
        out << std::string(width > taken ? width - taken : 0, ' ') << "  "
            << api::grammar::escape_for_terminal(right);
    }
    out << '\n';
}

void list(const Suggestions& suggestions, std::ostream& out) {
    const bool whole = suggestions.whole && suggestions.partial.empty();
    std::size_t width = whole ? 7 : 0;
    for (const Candidate& candidate : suggestions.candidates) {
        width = std::max(width, api::grammar::cells(candidate.text));
    }
    width = std::min<std::size_t>(width, 40);
    for (const Candidate& candidate : suggestions.candidates) {
        list_pair(candidate.text, width, candidate.help, out);
    }
    if (whole) {
        list_pair("<enter>", width, "Runs the line", out);
    }
}

}  // namespace cli
