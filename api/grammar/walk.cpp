// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/walk.hpp"

#include <absl/strings/str_join.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "api/grammar/escape.hpp"
#include "api/grammar/similar.hpp"

namespace api::grammar {
namespace {

bool is_word(const Edge& edge) {
    return edge.element->kind == Element::Kind::word;
}

std::string shown(const Token& token) {
    return escape_for_terminal(token.text);
}

Thread moved(const Thread& thread, const Edge& edge, const Token& token) {
    Thread next = thread;
    next.state = edge.to;
    if (is_word(edge)) {
        ++next.words;
    } else {
        next.bindings.push_back({edge.element->field, token.text});
    }
    return next;
}

/// True where the line had the option that the edge begins.
bool is_taken(const Thread& thread, const Edge& edge) {
    const auto binds = [&](const Element& element) {
        return std::any_of(thread.bindings.begin(), thread.bindings.end(),
                           [&](const Binding& binding) { return binding.field == element.field; });
    };
    return edge.group != nullptr &&
           std::any_of(edge.group->inside.begin(), edge.group->inside.end(), binds);
}

/// Of two readings that stand at the same place, the one with more words of the pattern stays.
void keep(std::vector<Thread>& threads, Thread thread) {
    for (Thread& other : threads) {
        if (other.pattern == thread.pattern && other.state == thread.state) {
            if (thread.words > other.words) {
                other = std::move(thread);
            }
            return;
        }
    }
    threads.push_back(std::move(thread));
}

}  // namespace

Walk::Walk(const std::vector<const Pattern*>& patterns, const TextForms& forms) : forms_(forms) {
    for (const Pattern* pattern : patterns) {
        threads_.push_back({pattern, 0, 0, {}});
    }
}

std::vector<Choice> Walk::choices() const {
    std::vector<Choice> all;
    for (const Thread& thread : threads_) {
        for (const Edge& edge : thread.pattern->states()[thread.state].edges) {
            if (!is_taken(thread, edge)) {
                all.push_back({&thread, &edge});
            }
        }
    }
    return all;
}

std::vector<const Pattern*> Walk::patterns() const {
    std::vector<const Pattern*> all;
    for (const Thread& thread : threads_) {
        if (std::find(all.begin(), all.end(), thread.pattern) == all.end()) {
            all.push_back(thread.pattern);
        }
    }
    return all;
}

absl::Status Walk::step(const Token& token) {
    absl::Status error;
    std::vector<Thread> next = advance(token, error);
    if (next.empty() && !token.quoted) {
        absl::Status unclear;
        next = advance_abbreviated(token, unclear);
        if (!unclear.ok()) {
            return unclear;
        }
    }
    if (next.empty()) {
        return refuse(token, error);
    }
    threads_ = std::move(next);
    taken_.push_back(shown(token));
    return absl::OkStatus();
}

std::vector<Thread> Walk::advance(const Token& token, absl::Status& value_error) const {
    std::vector<Thread> next;
    for (const Choice& choice : choices()) {
        if (is_word(*choice.edge)) {
            if (!token.quoted && !token.bar && choice.edge->element->word == token.text) {
                keep(next, moved(*choice.thread, *choice.edge, token));
            }
            continue;
        }
        if (token.bar) {
            continue;
        }
        const std::unique_ptr<google::protobuf::Message> scratch(
            choice.thread->pattern->request().New());
        absl::Status status = forms_.parse(*choice.edge->element->field, token.text, *scratch);
        if (status.ok()) {
            keep(next, moved(*choice.thread, *choice.edge, token));
        } else {
            value_error = std::move(status);
        }
    }
    return next;
}

std::vector<Thread> Walk::advance_abbreviated(const Token& token, absl::Status& error) const {
    std::set<std::string> meant;
    std::vector<Thread> next;
    const auto take = [&](const Choice& choice, const std::string& word) {
        if (word.starts_with(token.text)) {
            meant.insert(word);
            Token whole = token;
            whole.text = word;
            keep(next, moved(*choice.thread, *choice.edge, whole));
        }
    };
    for (const Choice& choice : choices()) {
        if (is_word(*choice.edge)) {
            take(choice, choice.edge->element->word);
            continue;
        }
        for (const std::string& word : forms_.words(*choice.edge->element->field)) {
            take(choice, word);
        }
    }
    if (meant.size() > 1) {
        error = absl::InvalidArgumentError(
            fmt::format("the word '{}'{} is too short, it could be any of: {}", shown(token),
                        place(), absl::StrJoin(meant, ", ")));
    }
    return next;
}

const Thread* Walk::finished() const {
    const Thread* best = nullptr;
    for (const Thread& thread : threads_) {
        const bool may_end = thread.pattern->states()[thread.state].final;
        if (may_end && (best == nullptr || thread.words > best->words)) {
            best = &thread;
        }
    }
    return best;
}

absl::Status Walk::refuse(const Token& token, const absl::Status& value_error) const {
    const std::vector<Choice> all = choices();
    if (all.empty()) {
        const bool any = !threads_.empty() && !taken_.empty();
        return absl::InvalidArgumentError(
            any ? fmt::format("unexpected '{}'{}: the command ends there", shown(token), place())
                : fmt::format("unknown word '{}': there are no commands", shown(token)));
    }
    const auto first = all.front().edge->element;
    const bool one_field =
        !is_word(*all.front().edge) && std::all_of(all.begin(), all.end(), [&](const Choice& c) {
            return c.edge->element->field == first->field;
        });
    if (one_field && !value_error.ok()) {
        return value_error;
    }
    std::vector<std::string> words;
    for (const Choice& choice : all) {
        const std::vector<std::string> few =
            is_word(*choice.edge) ? std::vector<std::string>{choice.edge->element->word}
                                  : forms_.words(*choice.edge->element->field);
        words.insert(words.end(), few.begin(), few.end());
    }
    const std::string meant = token.quoted ? "" : did_you_mean(token.text, words);
    return absl::InvalidArgumentError(fmt::format("unknown word '{}'{}{}: expected {}",
                                                  shown(token), place(), meant, accepted()));
}

absl::Status Walk::too_short() const {
    if (threads_.empty()) {
        return absl::InvalidArgumentError("the line is empty: type a command");
    }
    return absl::InvalidArgumentError(
        fmt::format("the line ends too early{}: expected {}", place(), accepted()));
}

std::string Walk::place() const {
    return taken_.empty() ? "" : fmt::format(" after '{}'", absl::StrJoin(taken_, " "));
}

std::string Walk::accepted() const {
    std::set<std::string> words;
    std::vector<std::string> values;
    for (const Choice& choice : choices()) {
        if (is_word(*choice.edge)) {
            words.insert(choice.edge->element->word);
            continue;
        }
        const auto& field = *choice.edge->element->field;
        const std::vector<std::string> few = forms_.words(field);
        words.insert(few.begin(), few.end());
        std::string value = fmt::format("<{}>, {}", field.name(), forms_.expects(field));
        if (few.empty() && std::find(values.begin(), values.end(), value) == values.end()) {
            values.push_back(std::move(value));
        }
    }
    std::string text;
    if (!words.empty()) {
        text = (words.size() == 1 && values.empty() ? "" : "one of: ") + absl::StrJoin(words, ", ");
    }
    if (!values.empty()) {
        text += (text.empty() ? "" : "; or ") + absl::StrJoin(values, "; or ");
    }
    return text;
}

}  // namespace api::grammar
