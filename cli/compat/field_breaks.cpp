// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/field_breaks.hpp"

#include "api/grammar/options.hpp"
#include "cli/compat/names.hpp"

namespace cli::compat {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

namespace {

/// protoc ends the ranges of messages behind the last number, those of enums with it.
int last(const Descriptor::ReservedRange& range) {
    return range.end - 1;
}
int last(const EnumDescriptor::ReservedRange& range) {
    return range.end;
}

/// A number that was reserved stays so: what once had it may still be on its way.
template <class Type>
void compare_reserved(const Type& was, const Type& is, Report& report) {
    for (int i = 0; i < was.reserved_range_count(); ++i) {
        const auto& range = *was.reserved_range(i);
        std::int64_t number = range.start;
        for (int j = 0; j < is.reserved_range_count() && number <= last(range); ++j) {
            const auto& other = *is.reserved_range(j);
            if (other.start <= number && number <= last(other)) {
                number = std::int64_t{last(other)} + 1;
                j = -1;
            }
        }
        if (number <= last(range)) {
            report.say(was, "{} no longer reserves the number {}: write 'reserved {};' again",
                       was.full_name(), number, number);
        }
    }
    for (int i = 0; i < was.reserved_name_count(); ++i) {
        if (!is.IsReservedName(was.reserved_name(i))) {
            report.say(was, "{} no longer reserves the name '{}': write 'reserved \"{}\";' again",
                       was.full_name(), was.reserved_name(i), was.reserved_name(i));
        }
    }
}

/// A field or value that is there no more. It may go once it was released as deprecated, and
/// leaves its number and name reserved.
template <class Item, class Type>
void compare_gone(const char* kind, const Item& was, const Type& in, Report& report) {
    if (!deprecated(was)) {
        report.say(was,
                   "{} {} is gone: put it back; it may go once it was released with 'deprecated = "
                   "true'",
                   kind, was.full_name());
        return;
    }
    const bool number = in.IsReservedNumber(was.number());
    const bool name = in.IsReservedName(was.name());
    if (!number || !name) {
        report.say(was, "{} {} is gone and could come back as another: write '{}{}{}' in {}", kind,
                   was.full_name(), number ? "" : fmt::format("reserved {};", was.number()),
                   number || name ? "" : " ",
                   name ? "" : fmt::format("reserved \"{}\";", was.name()), in.full_name());
    }
}

std::string choice_of(const FieldDescriptor& field) {
    const auto* choice = field.real_containing_oneof();
    return choice == nullptr ? "no oneof" : fmt::format("the oneof '{}'", choice->name());
}

}  // namespace

void compare_field(const FieldDescriptor& was, const FieldDescriptor& is, Report& report) {
    const char* kind = was.is_extension() ? "extension" : "field";
    const std::string& name = was.full_name();
    if (was.number() != is.number()) {
        report.say(was, "{} {} had the number {} and has {}: give it {} again", kind, name,
                   was.number(), is.number(), was.number());
    }
    const std::string type_then = type_text(was);
    const std::string type_now = type_text(is);
    if (type_then != type_now) {
        report.say(was,
                   "{} {} was '{}' and is '{}': make it '{}' again, or add a field of another name "
                   "and number",
                   kind, name, type_then, type_now, type_then);
    } else if (was.is_packed() != is.is_packed()) {
        report.say(was, "{} {} was {} and is {}: write it as it was", kind, name,
                   was.is_packed() ? "packed" : "not packed",
                   is.is_packed() ? "packed" : "not packed");
    }
    if (choice_of(was) != choice_of(is)) {
        report.say(was, "{} {} was in {} and is in {}: put it back", kind, name, choice_of(was),
                   choice_of(is));
    }
    if (was.json_name() != is.json_name()) {
        report.say(was, "{} {} was '{}' in JSON and is '{}': call it '{}' again", kind, name,
                   was.json_name(), is.json_name(), was.json_name());
    }
    const std::string unit_then = api::grammar::options_of(was).GetExtension(sluice::unit);
    const std::string unit_now = api::grammar::options_of(is).GetExtension(sluice::unit);
    if (!unit_then.empty() && unit_then != unit_now) {
        report.say(was,
                   "{} {} was in '{}' and is in '{}': keep its unit, or add a field of another "
                   "name and number",
                   kind, name, unit_then, unit_now);
    }
}

void compare_fields(const Descriptor& was, const Descriptor& is, Report& report) {
    for (int i = 0; i < was.field_count(); ++i) {
        const FieldDescriptor& field = *was.field(i);
        if (const auto* same = is.FindFieldByName(field.name()); same != nullptr) {
            compare_field(field, *same, report);
        } else if (const auto* other = is.FindFieldByNumber(field.number()); other != nullptr) {
            report.say(was,
                       "number {} of {} was '{}' and is '{}': put '{}' back, and give '{}' another "
                       "number",
                       field.number(), was.full_name(), field.name(), other->name(), field.name(),
                       other->name());
        } else {
            compare_gone("field", field, is, report);
        }
    }
    compare_reserved(was, is, report);
}

void compare_values(const EnumDescriptor& was, const EnumDescriptor& is, Report& report) {
    for (int i = 0; i < was.value_count(); ++i) {
        const EnumValueDescriptor& value = *was.value(i);
        if (const auto* same = is.FindValueByName(value.name()); same != nullptr) {
            if (same->number() != value.number()) {
                report.say(was, "value {} had the number {} and has {}: give it {} again",
                           value.full_name(), value.number(), same->number(), value.number());
            }
        } else if (const auto* other = is.FindValueByNumber(value.number()); other != nullptr) {
            report.say(was,
                       "number {} of {} was '{}' and is '{}': put '{}' back, and give '{}' another "
                       "number",
                       value.number(), was.full_name(), value.name(), other->name(), value.name(),
                       other->name());
        } else {
            compare_gone("value", value, is, report);
        }
    }
    compare_reserved(was, is, report);
}

}  // namespace cli::compat
