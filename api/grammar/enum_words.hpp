// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

namespace api::grammar {

/// The word that stands for an enum value on a command line and in JSON: kebab-case, without the
/// prefix that all values of the enum share. STATE_UP is "up". Any thread.
std::string word_of(const google::protobuf::EnumValueDescriptor& value);

/// The value that a word stands for, or null. A zero value named ..._UNSPECIFIED has no word to
/// type.
const google::protobuf::EnumValueDescriptor* value_of(const google::protobuf::EnumDescriptor& type,
                                                      std::string_view word);

/// The words that can be typed, in the order of the .proto file.
std::vector<std::string> words_of(const google::protobuf::EnumDescriptor& type);

}  // namespace api::grammar
