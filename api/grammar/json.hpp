// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// A message as JSON on one line: names as in the .proto file, values with a text form as strings
/// (but booleans and numbers as themselves, 64-bit ones too), enums by their words. What is
/// optional and absent is left out. Any thread.
std::string to_json(const google::protobuf::Message& message, const TextForms& forms);

/// The value of one field, all of it where it is repeated or a map.
std::string json_value(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor& field, const TextForms& forms);

}  // namespace api::grammar
