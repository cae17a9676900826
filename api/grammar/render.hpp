// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "api/grammar/cell.hpp"
#include "api/grammar/text_forms.hpp"

namespace api::grammar {

/// A part of a row's text that is to be seen, in bytes.
struct Mark {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// One thing that is shown: a row of a table, or a line.
struct Row {
    /// Of a table, one for each column. Empty for a line.
    std::vector<std::string> cells;
    /// Of a line.
    std::string text;
    /// Only the space between two blocks of lines.
    bool gap = false;
    /// What is to be seen: of the text, or, for a table, `begin` is the cell's number.
    std::vector<Mark> marks = {};
};

/// What the rows of one call are.
struct Shape {
    enum class Kind {
        lines,
        /// Rows of `columns`, with lines above.
        table,
        /// JSON values that stand in one array.
        array,
    };
    Kind kind = Kind::lines;
    std::vector<Column> columns;
};

/// Takes what is shown. One thread at a time.
class Sink {
public:
    virtual ~Sink() = default;
    /// Once, before all else.
    virtual void begin(const Shape& shape) = 0;
    virtual void row(Row row) = 0;
    /// Nothing is to be held back any longer for the sake of its looks.
    virtual void flush() = 0;
    /// No more rows. Not called where the call failed.
    virtual void finish() = 0;
};

enum class Format {
    /// As the method's option (sluice.view) says.
    view,
    /// Every field on a line of its own, those marked detail_only too.
    detail,
    json,
    yaml,
};

/// Turns the replies of one call into rows. Text from the network cannot command the terminal.
class Renderer {
public:
    virtual ~Renderer() = default;
    virtual void add(const google::protobuf::Message& reply) = 0;
};

/// A renderer for a method's replies: a table of one row a reply, or, where the method gives one
/// reply with exactly one repeated message field, of that field's rows. It calls the
/// sink's begin() and row(); descriptor, forms and sink outlive it. One thread at a time.
std::unique_ptr<Renderer> make_renderer(const google::protobuf::MethodDescriptor& method,
                                        Format format, const TextForms& forms, Sink& sink);

/// The columns of the table that a method's replies make; none where they make no table.
std::vector<Column> columns_of_view(const google::protobuf::MethodDescriptor& method,
                                    const TextForms& forms);

/// The field whose messages are the rows of a reply of this type, or null where the reply is the
/// row: its only repeated message field that is no single value itself.
const google::protobuf::FieldDescriptor* rows_of(const google::protobuf::Descriptor& reply,
                                                 const TextForms& forms);

}  // namespace api::grammar
