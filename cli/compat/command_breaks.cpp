// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/command_breaks.hpp"

#include <map>
#include <set>
#include <stdexcept>

#include "api/grammar/options.hpp"

namespace cli::compat {

using api::grammar::Command;
using api::grammar::Element;
using api::grammar::Grammar;
using api::grammar::Pattern;
using api::grammar::TextForms;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::Reflection;
using schema::Schema;

namespace {

void add_services(const Schema& schema, Grammar& grammar) {
    for (const auto* file : schema.files()) {
        for (int i = 0; i < file->service_count(); ++i) {
            if (const absl::Status status = grammar.add_service(*file->service(i)); !status.ok()) {
                throw std::runtime_error(std::string(status.message()));
            }
        }
    }
}

using Groups = std::set<const Element*>;

/// Each group with those that it stands in.
void collect(const std::vector<Element>& elements, const Groups& around,
             std::vector<Groups>& found) {
    for (const Element& element : elements) {
        if (element.kind == Element::Kind::group) {
            Groups chosen = around;
            chosen.insert(&element);
            found.push_back(chosen);
            collect(element.inside, chosen, found);
        }
    }
}

/// A value of the field, other than those of fields of the same type: else two that have changed
/// places would not be noticed.
std::string sample(const FieldDescriptor& field, const Pattern& pattern, const TextForms& forms) {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_BOOL:
            return "on";
        case FieldDescriptor::CPPTYPE_ENUM: {
            // The first one may be what the field is without the line.
            const std::vector<std::string> words = forms.words(field);
            return words[words.size() > 1 ? 1 : 0];
        }
        case FieldDescriptor::CPPTYPE_STRING:
            return field.type() == FieldDescriptor::TYPE_BYTES
                       ? fmt::format("{:08x}", field.number())
                       : fmt::format("some-{}", field.name());
        case FieldDescriptor::CPPTYPE_MESSAGE:
            break;
        default:
            return std::to_string(field.number());
    }
    const auto& form = *forms.find(*field.message_type());
    const std::unique_ptr<Message> value(pattern.request()
                                             .GetReflection()
                                             ->GetMessageFactory()
                                             ->GetPrototype(field.message_type())
                                             ->New());
    std::string text = form.samples.front();
    const FieldDescriptor* first = field.message_type()->FindFieldByNumber(1);
    if (!form.parse(text, *value) || first == nullptr) {
        return text;
    }
    // An address, a network of 24 bits, or a MAC address further on.
    const Reflection& reflection = *value->GetReflection();
    if (first->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
        const std::uint32_t step = static_cast<std::uint32_t>(field.number()) << 8;
        reflection.SetUInt32(value.get(), first, reflection.GetUInt32(*value, first) + step);
    } else if (first->cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
        const std::uint64_t step = static_cast<std::uint64_t>(field.number()) << 8;
        reflection.SetUInt64(value.get(), first, reflection.GetUInt64(*value, first) + step);
    }
    return form.print(*value);
}

void write(const std::vector<Element>& elements, const Groups& chosen, const Pattern& pattern,
           const TextForms& forms, std::string& line) {
    for (const Element& element : elements) {
        if (element.kind == Element::Kind::group) {
            if (chosen.contains(&element)) {
                write(element.inside, chosen, pattern, forms, line);
            }
            continue;
        }
        line += line.empty() ? "" : " ";
        line += element.kind == Element::Kind::word ? element.word
                                                    : sample(*element.field, pattern, forms);
    }
}

/// The values of a request, by their fields' names.
std::map<std::string, std::string> values(const Message& request, const TextForms& forms) {
    std::vector<const FieldDescriptor*> fields;
    request.GetReflection()->ListFields(request, &fields);
    std::map<std::string, std::string> found;
    for (const FieldDescriptor* field : fields) {
        found[field->name()] = forms.print(request, *field, field->is_repeated() ? 0 : -1);
    }
    return found;
}

/// What a line of `was` has become, to complete "the line ..."; empty where it is what it was.
std::string fate(const Command& was, const absl::StatusOr<Command>& is, const TextForms& forms) {
    if (!is.ok()) {
        return "is not understood any more";
    }
    if (is->method->full_name() != was.method->full_name()) {
        return "calls " + is->method->full_name() + " now";
    }
    return values(*is->request, forms) == values(*was.request, forms)
               ? ""
               : "fills the request in another way now";
}

}  // namespace

CommandComparison::CommandComparison(const Schema& released, const Schema& now) {
    add_services(released, then_);
    add_services(now, now_);
}

void CommandComparison::compare(const MethodDescriptor& was, const MethodDescriptor& is,
                                Report& report) const {
    const auto options = api::grammar::options_of(was);
    const auto request = then_.new_message(*was.input_type());
    for (const std::string& text : options.GetRepeatedExtension(sluice::cli)) {
        const auto pattern = Pattern::compile(text, was, *request, forms_);
        if (!pattern.ok()) {
            continue;
        }
        for (const std::string& line : sample_lines(**pattern, forms_)) {
            const auto then = then_.parse(line);
            if (!then.ok() || then->method != &was) {
                continue;
            }
            if (const std::string why = fate(*then, now_.parse(line), forms_); !why.empty()) {
                report.say(was,
                           "the command '{}' of {} is not what it was, since the line '{}' {}: "
                           "scripts and saved configurations have such lines, so understand it "
                           "again",
                           text, is.full_name(), line, why);
                break;
            }
        }
    }
}

std::vector<std::string> sample_lines(const Pattern& pattern, const TextForms& forms) {
    std::vector<Groups> choices{{}};
    collect(pattern.elements(), {}, choices);
    Groups all;
    for (const Groups& chosen : choices) {
        all.insert(chosen.begin(), chosen.end());
    }
    if (choices.size() > 2) {
        choices.push_back(all);
    }
    std::vector<std::string> lines;
    for (const Groups& chosen : choices) {
        write(pattern.elements(), chosen, pattern, forms, lines.emplace_back());
    }
    return lines;
}

}  // namespace cli::compat
