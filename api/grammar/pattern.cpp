// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/pattern.hpp"

#include <absl/strings/ascii.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/grammar/ambiguity.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;

/// Reads a pattern's text into elements.
class Reader {
public:
    Reader(std::string_view text, const google::protobuf::MethodDescriptor& method,
           const TextForms& forms)
        : text_(text), method_(method), forms_(forms) {}

    absl::StatusOr<std::vector<Element>> run() {
        std::vector<Element> elements;
        if (absl::Status status = sequence(elements, 0); !status.ok()) {
            return status;
        }
        if (elements.empty() || elements.front().kind != Element::Kind::word) {
            return refuse("it must begin with a word");
        }
        return elements;
    }

private:
    static constexpr int max_depth = 8;

    absl::Status refuse(std::string_view why) const {
        return absl::InvalidArgumentError(fmt::format("the command '{}' of {} is malformed: {}",
                                                      text_, method_.full_name(), why));
    }

    absl::Status sequence(std::vector<Element>& elements, int depth) {
        while (true) {
            while (at_ < text_.size() && text_[at_] == ' ') {
                ++at_;
            }
            if (at_ == text_.size()) {
                return depth == 0 ? absl::OkStatus() : refuse("a '[' is not closed");
            }
            if (text_[at_] == ']') {
                ++at_;
                return depth > 0 ? absl::OkStatus() : refuse("a ']' closes nothing");
            }
            if (ended_) {
                return refuse("nothing may follow <field>...");
            }
            Element element;
            absl::Status status = text_[at_] == '['   ? group(element, depth)
                                  : text_[at_] == '<' ? placeholder(element)
                                                      : word(element);
            if (!status.ok()) {
                return status;
            }
            elements.push_back(std::move(element));
        }
    }

    absl::Status group(Element& element, int depth) {
        if (depth == max_depth) {
            return refuse("its groups are nested too deeply");
        }
        ++at_;
        element.kind = Element::Kind::group;
        const std::size_t bound_before = bound_.size();
        if (absl::Status status = sequence(element.inside, depth + 1); !status.ok()) {
            return status;
        }
        return bound_.size() > bound_before
                   ? absl::OkStatus()
                   : refuse("a [group] must hold a <field>, or it would mean nothing");
    }

    absl::Status placeholder(Element& element) {
        const std::size_t close = text_.find('>', at_);
        if (close == std::string_view::npos) {
            return refuse("a '<' is not closed");
        }
        std::string name(text_.substr(at_ + 1, close - at_ - 1));
        std::replace(name.begin(), name.end(), '-', '_');
        at_ = close + 1;
        const bool repeats = text_.substr(at_).starts_with("...");
        at_ += repeats ? 3 : 0;
        ended_ = repeats;

        element.kind = Element::Kind::field;
        element.field = method_.input_type()->FindFieldByName(name);
        if (element.field == nullptr) {
            return refuse(
                fmt::format("{} has no field '{}'", method_.input_type()->full_name(), name));
        }
        if (!forms_.covers(*element.field)) {
            return refuse(fmt::format("the field '{}' has no text form, being a {}", name,
                                      element.field->message_type()->full_name()));
        }
        if (repeats != element.field->is_repeated()) {
            return refuse(
                repeats
                    ? fmt::format("the field '{0}' is not repeated, write <{0}>", name)
                    : fmt::format("the field '{0}' is repeated, write <{0}>... at the end", name));
        }
        if (!bound_.insert(element.field).second) {
            return refuse(fmt::format("it binds the field '{}' twice", name));
        }
        return absl::OkStatus();
    }

    absl::Status word(Element& element) {
        const std::size_t end = std::min(text_.find_first_of(" []<>", at_), text_.size());
        element.word = std::string(text_.substr(at_, end - at_));
        at_ = end;
        const bool good =
            !element.word.empty() &&
            std::all_of(element.word.begin(), element.word.end(), [](unsigned char c) {
                return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
            });
        return good ? absl::OkStatus()
                    : refuse("a word may hold letters, digits, '-', '_' and '.' only");
    }

    std::string_view text_;
    const google::protobuf::MethodDescriptor& method_;
    const TextForms& forms_;
    std::size_t at_ = 0;
    bool ended_ = false;
    std::set<const FieldDescriptor*> bound_;
};

/// Turns elements into states. A group gives a way round itself, and options that stand side by
/// side a way back to before the first of them; these ways are dissolved at the end.
class Builder {
public:
    std::vector<State> run(const std::vector<Element>& elements) {
        const unsigned start = add_state();
        const unsigned end = sequence(elements, start);
        states_[end].final = true;
        std::vector<State> dissolved(states_.size());
        for (unsigned i = 0; i < states_.size(); ++i) {
            std::set<unsigned> met;
            gather(i, met, dissolved[i]);
        }
        return dissolved;
    }

private:
    unsigned add_state() {
        states_.emplace_back();
        skips_.emplace_back();
        return static_cast<unsigned>(states_.size() - 1);
    }

    /// Adds to `into` what can be done in `state` and in all states that no word leads to from it.
    void gather(unsigned state, std::set<unsigned>& met, State& into) const {
        if (!met.insert(state).second) {
            return;
        }
        into.final = into.final || states_[state].final;
        into.edges.insert(into.edges.end(), states_[state].edges.begin(),
                          states_[state].edges.end());
        for (const unsigned target : skips_[state]) {
            gather(target, met, into);
        }
    }

    unsigned sequence(const std::vector<Element>& elements, unsigned from) {
        for (std::size_t i = 0; i < elements.size();) {
            std::size_t end = i;
            while (end < elements.size() && elements[end].is_option()) {
                ++end;
            }
            if (end > i) {
                from = options(elements.data() + i, end - i, from);
                i = end;
            } else {
                from = step(elements[i++], from);
            }
        }
        return from;
    }

    /// The first word of each option leads out of a state of its own, since an edge of `from` may
    /// be met again where the options are over.
    unsigned options(const Element* first, std::size_t count, unsigned from) {
        const unsigned hub = add_state();
        const unsigned end = add_state();
        skips_[from].push_back(hub);
        skips_[hub].push_back(end);
        for (const Element* group = first; group != first + count; ++group) {
            const unsigned inner_end = sequence(group->inside, hub);
            states_[hub].edges.back().group = group;
            skips_[inner_end].push_back(ends_line(*group) ? end : hub);
        }
        return end;
    }

    /// True where <field>... takes all the rest of the line.
    static bool ends_line(const Element& element) {
        return element.kind == Element::Kind::group
                   ? ends_line(element.inside.back())
                   : element.kind == Element::Kind::field && element.field->is_repeated();
    }

    unsigned step(const Element& element, unsigned from) {
        if (element.kind == Element::Kind::group) {
            const unsigned inner_end = sequence(element.inside, from);
            const unsigned end = add_state();
            skips_[inner_end].push_back(end);
            skips_[from].push_back(end);
            return end;
        }
        const unsigned to = add_state();
        states_[from].edges.push_back({&element, to, nullptr});
        if (element.kind == Element::Kind::field && element.field->is_repeated()) {
            states_[to].edges.push_back({&element, to, nullptr});
        }
        return to;
    }

    std::vector<State> states_;
    std::vector<std::vector<unsigned>> skips_;
};

bool any_element(const std::vector<Element>& elements,
                 const std::function<bool(const Element&)>& test) {
    return std::any_of(elements.begin(), elements.end(), [&](const Element& element) {
        return element.kind == Element::Kind::group ? any_element(element.inside, test)
                                                    : test(element);
    });
}

}  // namespace

bool Element::is_option() const {
    return kind == Kind::group && inside.front().kind == Kind::word &&
           std::any_of(inside.begin(), inside.end(),
                       [](const Element& element) { return element.kind == Kind::field; });
}

absl::StatusOr<std::unique_ptr<Pattern>> Pattern::compile(
    std::string_view text, const google::protobuf::MethodDescriptor& method,
    const google::protobuf::Message& request, const TextForms& forms) {
    absl::StatusOr<std::vector<Element>> elements = Reader(text, method, forms).run();
    if (!elements.ok()) {
        return elements.status();
    }
    std::unique_ptr<Pattern> pattern(new Pattern);
    pattern->text_ = std::string(text);
    pattern->method_ = &method;
    pattern->request_ = &request;
    pattern->elements_ = *std::move(elements);
    pattern->states_ = Builder().run(pattern->elements_);
    if (const auto line = line_read_twice(*pattern, forms)) {
        return absl::InvalidArgumentError(fmt::format(
            "the command '{}' of {} is ambiguous: it can read the line '{}' in two ways", text,
            method.full_name(), *line));
    }
    return pattern;
}

bool Pattern::binds(const FieldDescriptor& field) const {
    return any_element(elements_, [&](const Element& element) { return element.field == &field; });
}

bool Pattern::has_word(std::string_view text) const {
    return any_element(elements_, [&](const Element& element) {
        return element.kind == Element::Kind::word && element.word == text;
    });
}

}  // namespace api::grammar
