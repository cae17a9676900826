// SPDX-License-Identifier: Apache-2.0

#include <set>

#include "api/grammar/enum_words.hpp"
#include "api/grammar/grammar.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/tokenizer.hpp"
#include "api/grammar/walk.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

/// Where a word of the grammar may lead.
struct WordUse {
    std::set<const MethodDescriptor*> methods;
    /// What value_behind() says of each place.
    std::set<const FieldDescriptor*> values;
};

/// The field whose value an option's first word announces: "ttl" of "[ttl <ttl>]". Else null.
const FieldDescriptor* value_behind(const Choice& choice) {
    const auto& edges = choice.thread->pattern->states()[choice.edge->to].edges;
    return choice.edge->group != nullptr && !edges.empty() ? edges.front().element->field : nullptr;
}

/// Before the value of an option, what the value means helps. Elsewhere a word may lead to several
/// methods: what one method is for helps, else what their service is for.
std::string help_of_word(const WordUse& use) {
    const FieldDescriptor* value = use.values.size() == 1 ? *use.values.begin() : nullptr;
    if (value != nullptr && !summary_of(*value).empty()) {
        return summary_of(*value);
    }
    if (use.methods.size() == 1) {
        return summary_of(**use.methods.begin());
    }
    const auto* service = (*use.methods.begin())->service();
    for (const MethodDescriptor* method : use.methods) {
        if (method->service() != service) {
            return {};
        }
    }
    return summary_of(*service);
}

std::string help_of_value(const FieldDescriptor& field, const std::string& word) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        const auto& type = *field.enum_type();
        for (int i = 0; i < type.value_count(); ++i) {
            google::protobuf::SourceLocation location;
            if (word == word_of(*type.value(i)) && type.value(i)->GetSourceLocation(&location)) {
                return summary_of(*type.value(i));
            }
        }
    }
    return summary_of(field);
}

Candidate placeholder(const FieldDescriptor& field, const Grammar& grammar) {
    const std::string summary = summary_of(field);
    return {"<" + field.name() + ">",
            summary.empty() ? grammar.forms().expects(field) : summary,
            true,
            options_of(field).GetExtension(sluice::values_from),
            comment_of(field),
            grammar.accepts(field)};
}

bool is_whole_number(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
           field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
           field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
           field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
}

void add_fields(const std::vector<Element>& elements, std::vector<const FieldDescriptor*>& fields) {
    for (const Element& element : elements) {
        if (element.kind == Element::Kind::field) {
            fields.push_back(element.field);
        }
        add_fields(element.inside, fields);
    }
}

/// Takes every word but the one under way. Nothing where one of them is wrong.
bool follow(Walk& walk, const std::vector<Token>& tokens, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!walk.step(tokens[i]).ok()) {
            return false;
        }
    }
    return true;
}

}  // namespace

Completion Grammar::complete(std::string_view line) const {
    const Scan scanned = scan(line);
    Completion completion;
    completion.begin = line.size();
    if (scanned.comment) {
        return completion;
    }
    const std::vector<Token>& tokens = scanned.tokens;
    const bool under_way = !tokens.empty() && tokens.back().end == line.size() &&
                           (scanned.open != 0 || !tokens.back().bar);
    const bool quoted = under_way && tokens.back().quoted;
    if (under_way) {
        completion.partial = tokens.back().text;
        completion.begin = tokens.back().begin;
    }
    Walk walk(patterns(), forms_);
    if (!follow(walk, tokens, tokens.size() - (under_way ? 1 : 0))) {
        return completion;
    }
    completion.whole = walk.finished() != nullptr;

    std::map<std::string, WordUse> words;
    std::map<std::string, Candidate> values;
    for (const Choice& choice : walk.choices()) {
        const Element& element = *choice.edge->element;
        if (element.kind == Element::Kind::word) {
            if (!quoted && element.word.starts_with(completion.partial)) {
                WordUse& use = words[element.word];
                use.methods.insert(&choice.thread->pattern->method());
                use.values.insert(value_behind(choice));
            }
            continue;
        }
        const std::vector<std::string> few = forms_.words(*element.field);
        for (const std::string& word : few) {
            if (word.starts_with(completion.partial)) {
                values.try_emplace(word, Candidate{word, help_of_value(*element.field, word)});
            }
        }
        if (few.empty()) {
            Candidate value = placeholder(*element.field, *this);
            values.try_emplace(value.text, value);
        }
    }
    for (const auto& [word, use] : words) {
        completion.candidates.push_back({word, help_of_word(use)});
    }
    for (auto& [text, candidate] : values) {
        completion.candidates.push_back(std::move(candidate));
    }
    return completion;
}

std::string Grammar::accepts(const FieldDescriptor& field) const {
    // The range of the type says less than that of the comment.
    const bool told = comment_of(field).find_first_of("0123456789") != std::string::npos;
    std::string text = told && is_whole_number(field) ? "a number" : forms_.expects(field);
    const std::string unit = options_of(field).GetExtension(sluice::unit);
    return unit.empty() ? text : text + ", in " + unit;
}

std::vector<Usage> Grammar::usages(std::string_view words) const {
    const Scan scanned = scan(words);
    Walk walk(patterns(), forms_);
    if (!follow(walk, scanned.tokens, scanned.tokens.size())) {
        return {};
    }
    std::map<std::string, Usage> by_text;
    for (const Pattern* pattern : walk.patterns()) {
        Usage usage{pattern->text(), summary_of(pattern->method()), &pattern->method(), {}};
        add_fields(pattern->elements(), usage.fields);
        by_text.try_emplace(pattern->text(), std::move(usage));
    }
    std::vector<Usage> all;
    for (auto& [text, usage] : by_text) {
        all.push_back(std::move(usage));
    }
    return all;
}

}  // namespace api::grammar
