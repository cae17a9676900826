// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/names.hpp"

#include <fmt/format.h>

#include "api/grammar/options.hpp"

namespace cli::compat {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

/// Without what stands before it.
std::string bare_type(const FieldDescriptor& field) {
    if (field.message_type() != nullptr) {
        return field.message_type()->full_name();
    }
    return field.enum_type() != nullptr ? field.enum_type()->full_name() : field.type_name();
}

std::string field_item(const char* kind, const FieldDescriptor& field) {
    const auto options = api::grammar::options_of(field);
    std::string text =
        fmt::format("{} {} = {}, {}", kind, field.full_name(), field.number(), type_text(field));
    if (const auto* choice = field.real_containing_oneof(); choice != nullptr) {
        text += fmt::format(", one of '{}'", choice->name());
    }
    if (const std::string& unit = options.GetExtension(sluice::unit); !unit.empty()) {
        text += ", in " + unit;
    }
    return text + (options.deprecated() ? ", deprecated" : "");
}

class Lister {
public:
    void list(const FileDescriptor& file) {
        add("file", file, ", package " + file.package());
        for (int i = 0; i < file.message_type_count(); ++i) {
            list(*file.message_type(i));
        }
        for (int i = 0; i < file.enum_type_count(); ++i) {
            list(*file.enum_type(i));
        }
        for (int i = 0; i < file.extension_count(); ++i) {
            found_.push_back(field_item("extension", *file.extension(i)) + " of " +
                             file.extension(i)->containing_type()->full_name());
        }
        for (int i = 0; i < file.service_count(); ++i) {
            add("service", *file.service(i), "");
            for (int j = 0; j < file.service(i)->method_count(); ++j) {
                list(*file.service(i)->method(j));
            }
        }
    }
    std::vector<std::string> take() { return std::move(found_); }

private:
    static const std::string& name_of(const FileDescriptor& file) { return file.name(); }
    template <class Type>
    static const std::string& name_of(const Type& type) {
        return type.full_name();
    }
    template <class Type>
    void add(const char* kind, const Type& type, const std::string& more) {
        found_.push_back(fmt::format("{} {}{}{}", kind, name_of(type), more,
                                     type.options().deprecated() ? ", deprecated" : ""));
    }
    void list(const Descriptor& type) {
        if (type.options().map_entry()) {
            return;
        }
        add("message", type, "");
        for (int i = 0; i < type.field_count(); ++i) {
            found_.push_back(field_item("field", *type.field(i)));
        }
        for (int i = 0; i < type.nested_type_count(); ++i) {
            list(*type.nested_type(i));
        }
        for (int i = 0; i < type.enum_type_count(); ++i) {
            list(*type.enum_type(i));
        }
        for (int i = 0; i < type.reserved_range_count(); ++i) {
            const auto& range = *type.reserved_range(i);
            reserve(type, range.start, range.end - 1);
        }
        for (int i = 0; i < type.reserved_name_count(); ++i) {
            found_.push_back(
                fmt::format("reserved '{}' in {}", type.reserved_name(i), type.full_name()));
        }
    }
    void list(const EnumDescriptor& type) {
        add("enum", type, "");
        for (int i = 0; i < type.value_count(); ++i) {
            add("value", *type.value(i), fmt::format(" = {}", type.value(i)->number()));
        }
        for (int i = 0; i < type.reserved_range_count(); ++i) {
            reserve(type, type.reserved_range(i)->start, type.reserved_range(i)->end);
        }
        for (int i = 0; i < type.reserved_name_count(); ++i) {
            found_.push_back(
                fmt::format("reserved '{}' in {}", type.reserved_name(i), type.full_name()));
        }
    }
    template <class Type>
    void reserve(const Type& type, int first, int last) {
        found_.push_back(
            first == last ? fmt::format("reserved {} in {}", first, type.full_name())
                          : fmt::format("reserved {} to {} in {}", first, last, type.full_name()));
    }
    void list(const MethodDescriptor& method) {
        const auto options = api::grammar::options_of(method);
        const bool writes = options.GetExtension(sluice::writes);
        add("method", method, fmt::format(" {}{}", call_text(method), writes ? ", writes" : ""));
        for (const std::string& line : options.GetRepeatedExtension(sluice::cli)) {
            found_.push_back(fmt::format("command '{}' of {}", line, method.full_name()));
        }
        for (const std::string& line : options.GetRepeatedExtension(sluice::undo)) {
            found_.push_back(fmt::format("undo '{}' of {}", line, method.full_name()));
        }
    }

    std::vector<std::string> found_;
};

}  // namespace

std::string type_text(const FieldDescriptor& field) {
    if (field.is_map()) {
        return fmt::format("map<{}, {}>", bare_type(*field.message_type()->map_key()),
                           bare_type(*field.message_type()->map_value()));
    }
    const char* label = field.is_repeated()            ? "repeated "
                        : field.is_required()          ? "required "
                        : field.has_optional_keyword() ? "optional "
                                                       : "";
    return label + bare_type(field);
}

std::string call_text(const MethodDescriptor& method) {
    return fmt::format("({}{}) returns ({}{})", method.client_streaming() ? "stream " : "",
                       method.input_type()->full_name(), method.server_streaming() ? "stream " : "",
                       method.output_type()->full_name());
}

bool deprecated(const FileDescriptor& file) {
    return file.options().deprecated();
}

bool deprecated(const Descriptor& type) {
    return type.options().deprecated() ||
           (type.containing_type() != nullptr ? deprecated(*type.containing_type())
                                              : deprecated(*type.file()));
}

bool deprecated(const FieldDescriptor& field) {
    return field.options().deprecated() ||
           (field.is_extension() ? deprecated(*field.file())
                                 : deprecated(*field.containing_type()));
}

bool deprecated(const EnumDescriptor& type) {
    return type.options().deprecated() ||
           (type.containing_type() != nullptr ? deprecated(*type.containing_type())
                                              : deprecated(*type.file()));
}

bool deprecated(const EnumValueDescriptor& value) {
    return value.options().deprecated() || deprecated(*value.type());
}

bool deprecated(const ServiceDescriptor& service) {
    return service.options().deprecated() || deprecated(*service.file());
}

bool deprecated(const MethodDescriptor& method) {
    return method.options().deprecated() || deprecated(*method.service());
}

std::vector<std::string> items(const FileDescriptor& file) {
    Lister lister;
    lister.list(file);
    return lister.take();
}

}  // namespace cli::compat
