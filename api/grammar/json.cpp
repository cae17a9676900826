// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/json.hpp"

#include <google/protobuf/descriptor.h>

#include "api/grammar/escape.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string value(const Message& message, const FieldDescriptor& field, int index,
                  const TextForms& forms) {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING:
            return quote_json(forms.print(message, field, index));
        case FieldDescriptor::CPPTYPE_ENUM: {
            const auto& reflection = *message.GetReflection();
            const int number = index < 0 ? reflection.GetEnumValue(message, &field)
                                         : reflection.GetRepeatedEnumValue(message, &field, index);
            const bool has_name = field.enum_type()->FindValueByNumber(number) != nullptr;
            const std::string word = forms.print(message, field, index);
            return has_name ? quote_json(word) : word;
        }
        case FieldDescriptor::CPPTYPE_BOOL:
            return forms.print(message, field, index) == "on" ? "true" : "false";
        case FieldDescriptor::CPPTYPE_DOUBLE:
        case FieldDescriptor::CPPTYPE_FLOAT: {
            const std::string number = forms.print(message, field, index);
            // JSON has no word for what is not a number.
            return number.find_first_of("in") == std::string::npos ? number : "null";
        }
        case FieldDescriptor::CPPTYPE_MESSAGE: {
            if (forms.covers(field)) {
                return quote_json(forms.print(message, field, index));
            }
            const auto& reflection = *message.GetReflection();
            return to_json(index < 0 ? reflection.GetMessage(message, &field)
                                     : reflection.GetRepeatedMessage(message, &field, index),
                           forms);
        }
        default:
            return forms.print(message, field, index);
    }
}

/// The entries of a map as one object; its keys are strings in JSON.
std::string map(const Message& message, const FieldDescriptor& field, int size,
                const TextForms& forms) {
    const auto& key = *field.message_type()->map_key();
    const auto& mapped = *field.message_type()->map_value();
    std::string out = "{";
    for (int i = 0; i < size; ++i) {
        const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
        out += i == 0 ? "" : ",";
        out += quote_json(forms.print(entry, key)) + ":" + value(entry, mapped, -1, forms);
    }
    return out + "}";
}

std::string list(const Message& message, const FieldDescriptor& field, int size,
                 const TextForms& forms) {
    std::string out = "[";
    for (int i = 0; i < size; ++i) {
        out += i == 0 ? "" : ",";
        out += value(message, field, i, forms);
    }
    return out + "]";
}

}  // namespace

std::string to_json(const Message& message, const TextForms& forms) {
    const auto& type = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    std::string out = "{";
    for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor& field = *type.field(i);
        if (field.has_presence() && !reflection.HasField(message, &field)) {
            continue;
        }
        out += out.size() == 1 ? "" : ",";
        out += quote_json(field.name()) + ":";
        out += json_value(message, field, forms);
    }
    return out + "}";
}

std::string json_value(const Message& message, const FieldDescriptor& field,
                       const TextForms& forms) {
    if (!field.is_repeated()) {
        return value(message, field, -1, forms);
    }
    const int size = message.GetReflection()->FieldSize(message, &field);
    return field.is_map() ? map(message, field, size, forms) : list(message, field, size, forms);
}

}  // namespace api::grammar
