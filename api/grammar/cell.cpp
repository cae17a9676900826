// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/cell.hpp"

#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include "api/grammar/escape.hpp"
#include "api/grammar/options.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string words_of_name(const FieldDescriptor& field) {
    return absl::StrReplaceAll(field.name(), {{"_", "-"}});
}

bool is_number(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
        case FieldDescriptor::CPPTYPE_INT64:
        case FieldDescriptor::CPPTYPE_UINT32:
        case FieldDescriptor::CPPTYPE_UINT64:
        case FieldDescriptor::CPPTYPE_DOUBLE:
        case FieldDescriptor::CPPTYPE_FLOAT:
            return !field.is_repeated();
        default:
            return false;
    }
}

/// "name value" of every field that is set.
std::string nested(const Message& message, const TextForms& forms) {
    std::vector<const FieldDescriptor*> set;
    message.GetReflection()->ListFields(message, &set);
    std::vector<std::string> parts;
    for (const FieldDescriptor* field : set) {
        parts.push_back(words_of_name(*field) + " " + cell(message, *field, forms));
    }
    return absl::StrJoin(parts, ", ");
}

std::string one(const Message& message, const FieldDescriptor& field, int index,
                const TextForms& forms) {
    if (forms.covers(field)) {
        return escape_for_terminal(forms.print(message, field, index));
    }
    const auto& reflection = *message.GetReflection();
    const bool repeated = index >= 0;
    const std::string inner =
        nested(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                        : reflection.GetMessage(message, &field),
               forms);
    return repeated ? "(" + inner + ")" : inner;
}

}  // namespace

std::vector<Column> columns_of(const google::protobuf::Descriptor& type, bool detail) {
    std::vector<Column> columns;
    for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor& field = *type.field(i);
        const google::protobuf::FieldOptions options = options_of(field);
        if (options.GetExtension(sluice::detail_only) && !detail) {
            continue;
        }
        const std::string& heading = options.GetExtension(sluice::column);
        columns.push_back({&field, heading.empty() ? words_of_name(field) : heading,
                           options.GetExtension(sluice::unit), is_number(field)});
    }
    return columns;
}

std::string cell(const Message& message, const FieldDescriptor& field, const TextForms& forms) {
    const auto& reflection = *message.GetReflection();
    if (field.has_presence() && !reflection.HasField(message, &field)) {
        return "-";
    }
    std::string text;
    if (field.is_repeated()) {
        std::vector<std::string> parts;
        for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
            parts.push_back(one(message, field, i, forms));
        }
        text = absl::StrJoin(parts, ", ");
    } else {
        text = one(message, field, -1, forms);
    }
    return text.empty() ? "-" : text;
}

}  // namespace api::grammar
