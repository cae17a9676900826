// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace api::grammar {

/// How one message type is written as a single word. The functions see only reflection, since the
/// shell has descriptors but no generated class.
struct MessageForm {
    /// Fills the message from its text; false where the text is not of this form.
    std::function<bool(std::string_view, google::protobuf::Message&)> parse;
    std::function<std::string(const google::protobuf::Message&)> print;
    /// What is accepted, to complete "it must be ...": "an IPv4 address such as 192.0.2.1".
    std::string expects;
    /// Some texts of this form, by which two commands are found to be ambiguous.
    std::vector<std::string> samples;
};

/// The one table between values and their text, used by the command line, configuration files and
/// JSON. Scalars: numbers in decimal (0x... is read too), bool as on/off, enums by their words,
/// strings as they are, bytes in hexadecimal. Messages: those of api/proto/types.proto, and what
/// add() brings. Const members may be called from any thread.
class TextForms {
public:
    /// Knows the types of api/proto/types.proto.
    TextForms();

    /// Adds the form of a message type, by its full name. Refused where it has one already.
    absl::Status add(std::string message_name, MessageForm form);

    /// The form of a message type, or null.
    const MessageForm* find(const google::protobuf::Descriptor& type) const;

    /// True where a value of the field (one element of it, if repeated) can be written as one word.
    bool covers(const google::protobuf::FieldDescriptor& field) const;

    /// Sets the field of `message`, or appends to it if repeated. The error names the field and
    /// what it accepts.
    absl::Status parse(const google::protobuf::FieldDescriptor& field, std::string_view text,
                       google::protobuf::Message& message) const;

    /// The text of the field, unquoted; `index` is the element of a repeated field, else -1.
    /// The field must be covered.
    std::string print(const google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field, int index = -1) const;

    /// What the field accepts, to complete "it must be ...".
    std::string expects(const google::protobuf::FieldDescriptor& field) const;

    /// All texts of the field where they are few (enum, bool), else empty.
    std::vector<std::string> words(const google::protobuf::FieldDescriptor& field) const;

    /// Some texts that the field accepts.
    std::vector<std::string> samples(const google::protobuf::FieldDescriptor& field) const;

private:
    absl::flat_hash_map<std::string, MessageForm> forms_;
};

/// Registers the forms of api/proto/types.proto.
void add_house_forms(TextForms& forms);

/// Bytes as lower-case hexadecimal digits, and back; false where the text is anything else.
std::string print_hex(std::string_view bytes);
bool parse_hex(std::string_view text, std::string& bytes);

}  // namespace api::grammar
