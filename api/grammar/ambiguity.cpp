// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/ambiguity.hpp"

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <set>
#include <tuple>

#include "api/grammar/tokenizer.hpp"

namespace api::grammar {
namespace {

bool accepts(const Pattern& pattern, const Element& element, const std::string& text,
             const TextForms& forms) {
    if (element.kind == Element::Kind::word) {
        return element.word == text;
    }
    const std::unique_ptr<google::protobuf::Message> scratch(pattern.request().New());
    return forms.parse(*element.field, text, *scratch).ok();
}

std::vector<std::string> samples(const Element& element, const TextForms& forms) {
    return element.kind == Element::Kind::word ? std::vector<std::string>{element.word}
                                               : forms.samples(*element.field);
}

/// A word that both elements accept.
std::optional<std::string> common_word(const Pattern& a, const Element& x, const Pattern& b,
                                       const Element& y, const TextForms& forms) {
    if (x.kind == Element::Kind::word && y.kind == Element::Kind::word) {
        return x.word == y.word ? std::optional(x.word) : std::nullopt;
    }
    for (const std::string& text : samples(x, forms)) {
        if (accepts(b, y, text, forms)) {
            return text;
        }
    }
    for (const std::string& text : samples(y, forms)) {
        if (accepts(a, x, text, forms)) {
            return text;
        }
    }
    return std::nullopt;
}

/// Walks two patterns side by side over every line that both can follow.
std::optional<std::string> find_line(const Pattern& a, const Pattern& b, const TextForms& forms) {
    const bool same = &a == &b;
    // Two states, and whether the ways to them were different.
    using Place = std::tuple<unsigned, unsigned, bool>;
    std::set<Place> seen;
    std::deque<std::pair<Place, std::string>> open;
    open.push_back({{0, 0, !same}, ""});
    while (!open.empty()) {
        const auto [place, line] = open.front();
        open.pop_front();
        if (!seen.insert(place).second) {
            continue;
        }
        const auto [s, t, parted] = place;
        if (parted && a.states()[s].final && b.states()[t].final) {
            return line;
        }
        for (const Edge& x : a.states()[s].edges) {
            for (const Edge& y : b.states()[t].edges) {
                if (same && x.element->kind != y.element->kind) {
                    continue;
                }
                const auto word = common_word(a, *x.element, b, *y.element, forms);
                if (word) {
                    open.push_back(
                        {{x.to, y.to, parted || x.element != y.element},
                         fmt::format("{}{}{}", line, line.empty() ? "" : " ", quote(*word))});
                }
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> line_in_both(const Pattern& a, const Pattern& b,
                                        const TextForms& forms) {
    return find_line(a, b, forms);
}

std::optional<std::string> line_read_twice(const Pattern& pattern, const TextForms& forms) {
    return find_line(pattern, pattern, forms);
}

}  // namespace api::grammar
