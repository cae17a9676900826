// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// The message as YAML 1.2, a line a field, with the values of to_json(). `item`: as an item of a
/// list. Any thread.
std::string to_yaml(const google::protobuf::Message& message, bool item, const TextForms& forms);

}  // namespace api::grammar
