// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string_view>

#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// Takes one line of output, without its newline. `heading` is true for what is not data itself: a
/// table's headings, the brackets round a list in JSON.
using LineSink = std::function<void(std::string_view line, bool heading)>;

enum class Format {
    /// As the method's option (sluice.view) says.
    view,
    /// Every field on a line of its own, those marked detail_only too.
    detail,
    json,
};

/// Shows the replies of one call. Text from the network cannot command the terminal.
class Renderer {
public:
    virtual ~Renderer() = default;
    virtual void add(const google::protobuf::Message& reply) = 0;
    /// Shows what is held back to find the widths of columns.
    virtual void flush() {}
    /// No more replies.
    virtual void finish() = 0;
};

/// A renderer for a method's replies: a table of one row a reply, or, where the method gives one
/// reply with exactly one repeated message field, of that field's rows. Descriptor, forms and sink
/// outlive it. One thread at a time.
std::unique_ptr<Renderer> make_renderer(const google::protobuf::MethodDescriptor& method,
                                        Format format, const TextForms& forms, LineSink sink);

/// The field whose messages are the rows of a reply of this type, or null where the reply is the
/// row: its only repeated message field that is no single value itself.
const google::protobuf::FieldDescriptor* rows_of(const google::protobuf::Descriptor& reply,
                                                 const TextForms& forms);

}  // namespace api::grammar
