// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// A field as it is shown to a person.
struct Column {
    const google::protobuf::FieldDescriptor* field = nullptr;
    std::string heading;
    /// "B", "ns"; may be empty.
    std::string unit;
    /// Numbers stand to the right.
    bool right = false;
};

/// The columns of a message type, in the order of the .proto file. `detail` brings those that are
/// marked detail_only too.
std::vector<Column> columns_of(const google::protobuf::Descriptor& type, bool detail);

/// The field's value on one line: values of a repeated field and of a nested message are joined by
/// ", ". "-" where there is none.
std::string cell(const google::protobuf::Message& message,
                 const google::protobuf::FieldDescriptor& field, const TextForms& forms);

}  // namespace api::grammar
