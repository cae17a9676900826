// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/descriptor.h>

#include "cli/compat/report.hpp"

namespace cli::compat {

/// Tells what became of the fields and the reserved numbers of a message.
void compare_fields(const google::protobuf::Descriptor& was, const google::protobuf::Descriptor& is,
                    Report& report);

/// The same for the values of an enum.
void compare_values(const google::protobuf::EnumDescriptor& was,
                    const google::protobuf::EnumDescriptor& is, Report& report);

/// Tells where a field, or an extension, of the same name is not what it was.
void compare_field(const google::protobuf::FieldDescriptor& was,
                   const google::protobuf::FieldDescriptor& is, Report& report);

}  // namespace cli::compat
