// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace cli::compat {

/// A field's type as its .proto file has it: "optional uint32", "map<string, sluice.Route>".
std::string type_text(const google::protobuf::FieldDescriptor& field);

/// What a method takes and gives: "(sluice.Empty) returns (stream sluice.Route)".
std::string call_text(const google::protobuf::MethodDescriptor& method);

/// Whether it, or something that it stands in, is marked as deprecated.
bool deprecated(const google::protobuf::FileDescriptor& file);
bool deprecated(const google::protobuf::Descriptor& type);
bool deprecated(const google::protobuf::FieldDescriptor& field);
bool deprecated(const google::protobuf::EnumDescriptor& type);
bool deprecated(const google::protobuf::EnumValueDescriptor& value);
bool deprecated(const google::protobuf::ServiceDescriptor& service);
bool deprecated(const google::protobuf::MethodDescriptor& method);

/// All that a file promises, a line each: "field sluice.Route.preference = 3, uint32". Two files
/// are told apart by these.
std::vector<std::string> items(const google::protobuf::FileDescriptor& file);

}  // namespace cli::compat
