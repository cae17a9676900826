// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "api/proto/options.pb.h"

namespace api::grammar {

/// The options of a method with the extensions of api/proto/options.proto readable on them.
/// A dynamic pool may hold them as unknown fields; these are parsed again. Any thread.
google::protobuf::MethodOptions options_of(const google::protobuf::MethodDescriptor& method);

/// The same for a field.
google::protobuf::FieldOptions options_of(const google::protobuf::FieldDescriptor& field);

/// The first sentence of the comment above a declaration, on one line; empty where the pool
/// carries no source information (generated pools do not).
std::string summary_of(const google::protobuf::ServiceDescriptor& service);
std::string summary_of(const google::protobuf::MethodDescriptor& method);
std::string summary_of(const google::protobuf::FieldDescriptor& field);
std::string summary_of(const google::protobuf::EnumValueDescriptor& value);

/// The whole comment above (or behind) a declaration: a line for each paragraph. Empty as above.
std::string comment_of(const google::protobuf::FileDescriptor& file);
std::string comment_of(const google::protobuf::ServiceDescriptor& service);
std::string comment_of(const google::protobuf::MethodDescriptor& method);
std::string comment_of(const google::protobuf::Descriptor& message);
std::string comment_of(const google::protobuf::FieldDescriptor& field);
std::string comment_of(const google::protobuf::EnumDescriptor& type);
std::string comment_of(const google::protobuf::EnumValueDescriptor& value);

}  // namespace api::grammar
