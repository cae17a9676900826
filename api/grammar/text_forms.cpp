// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/text_forms.hpp"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_join.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "api/grammar/enum_words.hpp"
#include "api/grammar/escape.hpp"
#include "api/grammar/similar.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

template <class Int>
bool parse_int(std::string_view text, Int& value) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    text.remove_prefix(hex ? 2 : 0);
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value, hex ? 16 : 10);
    return error == std::errc() && end == text.end() && !(hex && text.starts_with('-'));
}

template <class Float>
bool parse_float(std::string_view text, Float& value) {
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
    return error == std::errc() && end == text.end() && std::isfinite(value);
}

/// Parses one value and puts it in its place, by the accessors that go with its type.
template <class Value, class Parse, class Set, class Add>
bool store(std::string_view text, const FieldDescriptor& field, Message& message, Parse parse,
           Set set, Add add) {
    Value value{};
    if (!parse(text, value)) {
        return false;
    }
    const Reflection& reflection = *message.GetReflection();
    if (field.is_repeated()) {
        (reflection.*add)(&message, &field, std::move(value));
    } else {
        (reflection.*set)(&message, &field, std::move(value));
    }
    return true;
}

template <class Int>
std::string range() {
    return fmt::format("a number from {} to {}", std::numeric_limits<Int>::min(),
                       std::numeric_limits<Int>::max());
}

bool parse_bool(std::string_view text, bool& value) {
    value = text == "on";
    return value || text == "off";
}

bool parse_string(std::string_view text, std::string& value) {
    value = std::string(text);
    return is_utf8(text);
}

}  // namespace

std::string print_hex(std::string_view bytes) {
    return absl::BytesToHexString({bytes.data(), bytes.size()});
}

bool parse_hex(std::string_view text, std::string& bytes) {
    const auto is_digit = [](char c) {
        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
    };
    if (text.size() % 2 != 0 || !std::all_of(text.begin(), text.end(), is_digit)) {
        return false;
    }
    bytes = absl::HexStringToBytes({text.data(), text.size()});
    return true;
}

TextForms::TextForms() {
    add_house_forms(*this);
}

absl::Status TextForms::add(std::string message_name, MessageForm form) {
    const auto [at, fresh] = forms_.try_emplace(std::move(message_name), std::move(form));
    if (!fresh) {
        return absl::AlreadyExistsError(
            fmt::format("the message {} has a text form already: it can have one only", at->first));
    }
    return absl::OkStatus();
}

const MessageForm* TextForms::find(const google::protobuf::Descriptor& type) const {
    const auto found = forms_.find(type.full_name());
    return found == forms_.end() ? nullptr : &found->second;
}

bool TextForms::covers(const FieldDescriptor& field) const {
    return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
           find(*field.message_type()) != nullptr;
}

absl::Status TextForms::parse(const FieldDescriptor& field, std::string_view text,
                              Message& message) const {
    const Reflection& reflection = *message.GetReflection();
    bool good = false;
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            good = store<std::int32_t>(text, field, message, parse_int<std::int32_t>,
                                       &Reflection::SetInt32, &Reflection::AddInt32);
            break;
        case FieldDescriptor::CPPTYPE_INT64:
            good = store<std::int64_t>(text, field, message, parse_int<std::int64_t>,
                                       &Reflection::SetInt64, &Reflection::AddInt64);
            break;
        case FieldDescriptor::CPPTYPE_UINT32:
            good = store<std::uint32_t>(text, field, message, parse_int<std::uint32_t>,
                                        &Reflection::SetUInt32, &Reflection::AddUInt32);
            break;
        case FieldDescriptor::CPPTYPE_UINT64:
            good = store<std::uint64_t>(text, field, message, parse_int<std::uint64_t>,
                                        &Reflection::SetUInt64, &Reflection::AddUInt64);
            break;
        case FieldDescriptor::CPPTYPE_DOUBLE:
            good = store<double>(text, field, message, parse_float<double>, &Reflection::SetDouble,
                                 &Reflection::AddDouble);
            break;
        case FieldDescriptor::CPPTYPE_FLOAT:
            good = store<float>(text, field, message, parse_float<float>, &Reflection::SetFloat,
                                &Reflection::AddFloat);
            break;
        case FieldDescriptor::CPPTYPE_BOOL:
            good = store<bool>(text, field, message, parse_bool, &Reflection::SetBool,
                               &Reflection::AddBool);
            break;
        case FieldDescriptor::CPPTYPE_STRING: {
            const bool bytes = field.type() == FieldDescriptor::TYPE_BYTES;
            good = store<std::string>(text, field, message, bytes ? parse_hex : parse_string,
                                      &Reflection::SetString, &Reflection::AddString);
            break;
        }
        case FieldDescriptor::CPPTYPE_ENUM: {
            const auto* value = value_of(*field.enum_type(), text);
            if (value != nullptr) {
                field.is_repeated() ? reflection.AddEnum(&message, &field, value)
                                    : reflection.SetEnum(&message, &field, value);
            }
            good = value != nullptr;
            break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE: {
            const MessageForm* form = find(*field.message_type());
            if (form != nullptr) {
                good = form->parse(text, field.is_repeated()
                                             ? *reflection.AddMessage(&message, &field)
                                             : *reflection.MutableMessage(&message, &field));
            }
            break;
        }
    }
    if (good) {
        return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        fmt::format("<{}> cannot be '{}'{}: it must be {}", field.name(), escape_for_terminal(text),
                    did_you_mean(text, words(field)), expects(field)));
}

std::string TextForms::print(const Message& message, const FieldDescriptor& field,
                             int index) const {
    const Reflection& r = *message.GetReflection();
    const FieldDescriptor* f = &field;
    const bool one = index < 0;
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return fmt::to_string(one ? r.GetInt32(message, f)
                                      : r.GetRepeatedInt32(message, f, index));
        case FieldDescriptor::CPPTYPE_INT64:
            return fmt::to_string(one ? r.GetInt64(message, f)
                                      : r.GetRepeatedInt64(message, f, index));
        case FieldDescriptor::CPPTYPE_UINT32:
            return fmt::to_string(one ? r.GetUInt32(message, f)
                                      : r.GetRepeatedUInt32(message, f, index));
        case FieldDescriptor::CPPTYPE_UINT64:
            return fmt::to_string(one ? r.GetUInt64(message, f)
                                      : r.GetRepeatedUInt64(message, f, index));
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return fmt::format(
                "{}", one ? r.GetDouble(message, f) : r.GetRepeatedDouble(message, f, index));
        case FieldDescriptor::CPPTYPE_FLOAT:
            return fmt::format(
                "{}", one ? r.GetFloat(message, f) : r.GetRepeatedFloat(message, f, index));
        case FieldDescriptor::CPPTYPE_BOOL:
            return (one ? r.GetBool(message, f) : r.GetRepeatedBool(message, f, index)) ? "on"
                                                                                        : "off";
        case FieldDescriptor::CPPTYPE_STRING: {
            std::string text =
                one ? r.GetString(message, f) : r.GetRepeatedString(message, f, index);
            return field.type() == FieldDescriptor::TYPE_BYTES ? print_hex(text) : text;
        }
        case FieldDescriptor::CPPTYPE_ENUM: {
            const int number =
                one ? r.GetEnumValue(message, f) : r.GetRepeatedEnumValue(message, f, index);
            const auto* value = field.enum_type()->FindValueByNumber(number);
            // A newer daemon may send a value that has no name here.
            return value != nullptr ? word_of(*value) : fmt::to_string(number);
        }
        case FieldDescriptor::CPPTYPE_MESSAGE: {
            const MessageForm* form = find(*field.message_type());
            const Message& value =
                one ? r.GetMessage(message, f) : r.GetRepeatedMessage(message, f, index);
            return form != nullptr ? form->print(value) : std::string();
        }
    }
    return {};
}

std::string TextForms::expects(const FieldDescriptor& field) const {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return range<std::int32_t>();
        case FieldDescriptor::CPPTYPE_INT64:
            return range<std::int64_t>();
        case FieldDescriptor::CPPTYPE_UINT32:
            return range<std::uint32_t>();
        case FieldDescriptor::CPPTYPE_UINT64:
            return range<std::uint64_t>();
        case FieldDescriptor::CPPTYPE_DOUBLE:
        case FieldDescriptor::CPPTYPE_FLOAT:
            return "a number such as 0.5";
        case FieldDescriptor::CPPTYPE_BOOL:
        case FieldDescriptor::CPPTYPE_ENUM:
            return "one of: " + absl::StrJoin(words(field), ", ");
        case FieldDescriptor::CPPTYPE_STRING:
            return field.type() == FieldDescriptor::TYPE_BYTES
                       ? "bytes as hexadecimal digits such as 0a0b0c"
                       : "text in UTF-8";
        case FieldDescriptor::CPPTYPE_MESSAGE: {
            const MessageForm* form = find(*field.message_type());
            return form != nullptr ? form->expects : "a " + field.message_type()->full_name();
        }
    }
    return {};
}

std::vector<std::string> TextForms::words(const FieldDescriptor& field) const {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
        return {"on", "off"};
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        return words_of(*field.enum_type());
    }
    return {};
}

std::vector<std::string> TextForms::samples(const FieldDescriptor& field) const {
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_BOOL:
        case FieldDescriptor::CPPTYPE_ENUM:
            return words(field);
        case FieldDescriptor::CPPTYPE_STRING:
            return field.type() == FieldDescriptor::TYPE_BYTES
                       ? std::vector<std::string>{"10", "0a0b0c"}
                       : std::vector<std::string>{"text"};
        case FieldDescriptor::CPPTYPE_MESSAGE: {
            const MessageForm* form = find(*field.message_type());
            return form != nullptr ? form->samples : std::vector<std::string>{};
        }
        default:
            return {"1", "10"};
    }
}

}  // namespace api::grammar
