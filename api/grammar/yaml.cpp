// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/yaml.hpp"

#include <google/protobuf/descriptor.h>

#include "api/grammar/json.hpp"

namespace api::grammar {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Writes fields below one another. What is a single value, or a map, is written as in JSON, which
/// is YAML too.
class Writer {
public:
    explicit Writer(const TextForms& forms) : forms_(forms) {}

    /// `lead` stands before the first line, and as many blanks before all others.
    void fields(const Message& message, const std::string& lead) {
        const auto& type = *message.GetDescriptor();
        const auto& reflection = *message.GetReflection();
        std::string before = lead;
        const std::string indent(lead.size(), ' ');
        for (int i = 0; i < type.field_count(); ++i) {
            const FieldDescriptor& field = *type.field(i);
            if (field.has_presence() && !reflection.HasField(message, &field)) {
                continue;
            }
            out += before + field.name() + ":";
            before = indent;
            value(message, field, indent);
        }
        if (before == lead && lead.find_first_not_of(' ') != std::string::npos) {
            out += lead + "{}\n";
        }
    }

    std::string out;

private:
    void value(const Message& message, const FieldDescriptor& field, const std::string& indent) {
        const auto& reflection = *message.GetReflection();
        const bool nested = !field.is_map() && !forms_.covers(field);
        const int size = field.is_repeated() ? reflection.FieldSize(message, &field) : 0;
        if (!nested || (field.is_repeated() && size == 0)) {
            out += " " + json_value(message, field, forms_) + "\n";
            return;
        }
        out += "\n";
        if (!field.is_repeated()) {
            fields(reflection.GetMessage(message, &field), indent + "  ");
        }
        for (int i = 0; i < size; ++i) {
            fields(reflection.GetRepeatedMessage(message, &field, i), indent + "- ");
        }
    }

    const TextForms& forms_;
};

}  // namespace

std::string to_yaml(const Message& message, bool item, const TextForms& forms) {
    Writer writer(forms);
    writer.fields(message, item ? "- " : "");
    return writer.out;
}

}  // namespace api::grammar
