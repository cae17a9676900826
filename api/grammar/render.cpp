// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/render.hpp"

#include <fmt/format.h>

#include "api/grammar/cell.hpp"
#include "api/grammar/escape.hpp"
#include "api/grammar/json.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/yaml.hpp"

namespace api::grammar {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

void print_fields(const Message& message, const std::vector<Column>& columns,
                  const TextForms& forms, Sink& sink) {
    for (const Column& column : columns) {
        const std::string text = cell(message, *column.field, forms);
        const bool unit = !column.unit.empty() && text != "-";
        sink.row({{},
                  fmt::format("{}: {}{}{}", column.heading, text, unit ? " " : "",
                              unit ? column.unit : "")});
    }
}

/// The columns of a message without the one that holds its rows.
std::vector<Column> columns_without(const Descriptor& type, bool detail,
                                    const FieldDescriptor* rows) {
    std::vector<Column> columns = columns_of(type, detail);
    std::erase_if(columns, [rows](const Column& column) { return column.field == rows; });
    return columns;
}

/// One row a reply, or the rows of the one reply, with what else it says above them.
class TableRenderer : public Renderer {
public:
    TableRenderer(const Descriptor& reply, const FieldDescriptor* rows, const TextForms& forms,
                  Sink& sink)
        : rows_(rows),
          forms_(forms),
          sink_(sink),
          above_(columns_without(reply, false, rows)),
          columns_(columns_of(rows == nullptr ? reply : *rows->message_type(), false)) {
        sink_.begin({Shape::Kind::table, columns_});
    }

    void add(const Message& reply) override {
        if (rows_ == nullptr) {
            row(reply);
            return;
        }
        print_fields(reply, above_, forms_, sink_);
        const auto& reflection = *reply.GetReflection();
        for (int i = 0; i < reflection.FieldSize(reply, rows_); ++i) {
            row(reflection.GetRepeatedMessage(reply, rows_, i));
        }
    }

private:
    void row(const Message& message) {
        Row row;
        row.cells.reserve(columns_.size());
        for (const Column& column : columns_) {
            row.cells.push_back(cell(message, *column.field, forms_));
        }
        sink_.row(std::move(row));
    }

    const FieldDescriptor* rows_;
    const TextForms& forms_;
    Sink& sink_;
    std::vector<Column> above_;
    std::vector<Column> columns_;
};

/// A line a field; an empty line between messages.
class DetailRenderer : public Renderer {
public:
    DetailRenderer(const Descriptor& reply, const FieldDescriptor* rows, const TextForms& forms,
                   Sink& sink)
        : rows_(rows),
          forms_(forms),
          sink_(sink),
          columns_(columns_of(rows == nullptr ? reply : *rows->message_type(), true)),
          above_(columns_without(reply, true, rows)) {
        sink_.begin({});
    }

    void add(const Message& reply) override {
        if (rows_ == nullptr) {
            show(reply, columns_);
            return;
        }
        if (!above_.empty()) {
            show(reply, above_);
        }
        const auto& reflection = *reply.GetReflection();
        for (int i = 0; i < reflection.FieldSize(reply, rows_); ++i) {
            show(reflection.GetRepeatedMessage(reply, rows_, i), columns_);
        }
    }

private:
    void show(const Message& message, const std::vector<Column>& columns) {
        if (!first_) {
            sink_.row({{}, "", true});
        }
        first_ = false;
        print_fields(message, columns, forms_, sink_);
    }

    const FieldDescriptor* rows_;
    const TextForms& forms_;
    Sink& sink_;
    std::vector<Column> columns_;
    std::vector<Column> above_;
    bool first_ = true;
};

void print_lines(std::string_view text, Sink& sink) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        sink.row({{}, std::string(text.substr(0, end))});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// The first string field, line by line.
class TextRenderer : public Renderer {
public:
    TextRenderer(const FieldDescriptor& field, Sink& sink) : field_(field), sink_(sink) {
        sink_.begin({});
    }

    void add(const Message& reply) override {
        print_lines(escape_for_terminal(reply.GetReflection()->GetString(reply, &field_), true),
                    sink_);
    }

private:
    const FieldDescriptor& field_;
    Sink& sink_;
};

/// One object a line.
class JsonRenderer : public Renderer {
public:
    JsonRenderer(bool list, const TextForms& forms, Sink& sink) : forms_(forms), sink_(sink) {
        sink_.begin({list ? Shape::Kind::array : Shape::Kind::lines, {}});
    }

    void add(const Message& reply) override { sink_.row({{}, to_json(reply, forms_)}); }

private:
    const TextForms& forms_;
    Sink& sink_;
};

/// Each message of a stream is an item of a list, and one row.
class YamlRenderer : public Renderer {
public:
    YamlRenderer(bool list, const TextForms& forms, Sink& sink)
        : list_(list), forms_(forms), sink_(sink) {
        sink_.begin({});
    }

    void add(const Message& reply) override {
        std::string text = to_yaml(reply, list_, forms_);
        if (!list_) {
            print_lines(text, sink_);
            return;
        }
        while (text.ends_with('\n')) {
            text.pop_back();
        }
        sink_.row({{}, std::move(text)});
    }

private:
    const bool list_;
    const TextForms& forms_;
    Sink& sink_;
};

/// A reply without fields says nothing but success.
class SilentRenderer : public Renderer {
public:
    explicit SilentRenderer(Sink& sink) { sink.begin({}); }
    void add(const Message&) override {}
};

const FieldDescriptor* first_string(const Descriptor& type) {
    for (int i = 0; i < type.field_count(); ++i) {
        if (type.field(i)->type() == FieldDescriptor::TYPE_STRING &&
            !type.field(i)->is_repeated()) {
            return type.field(i);
        }
    }
    return nullptr;
}

}  // namespace

const FieldDescriptor* rows_of(const Descriptor& reply, const TextForms& forms) {
    const FieldDescriptor* rows = nullptr;
    for (int i = 0; i < reply.field_count(); ++i) {
        const FieldDescriptor* field = reply.field(i);
        if (field->is_repeated() && !field->is_map() && !forms.covers(*field)) {
            if (rows != nullptr) {
                return nullptr;
            }
            rows = field;
        }
    }
    return rows;
}

std::unique_ptr<Renderer> make_renderer(const MethodDescriptor& method, Format format,
                                        const TextForms& forms, Sink& sink) {
    const Descriptor& reply = *method.output_type();
    if (format == Format::json) {
        return std::make_unique<JsonRenderer>(method.server_streaming(), forms, sink);
    }
    if (reply.field_count() == 0) {
        return std::make_unique<SilentRenderer>(sink);
    }
    if (format == Format::yaml) {
        return std::make_unique<YamlRenderer>(method.server_streaming(), forms, sink);
    }
    const FieldDescriptor* rows = method.server_streaming() ? nullptr : rows_of(reply, forms);
    const sluice::View view = options_of(method).GetExtension(sluice::view);
    const FieldDescriptor* text = first_string(reply);
    if (format == Format::view && view == sluice::VIEW_TEXT && text != nullptr) {
        return std::make_unique<TextRenderer>(*text, sink);
    }
    if (format == Format::detail || view == sluice::VIEW_DETAIL) {
        return std::make_unique<DetailRenderer>(reply, rows, forms, sink);
    }
    return std::make_unique<TableRenderer>(reply, rows, forms, sink);
}

std::vector<Column> columns_of_view(const MethodDescriptor& method, const TextForms& forms) {
    const Descriptor& reply = *method.output_type();
    const sluice::View view = options_of(method).GetExtension(sluice::view);
    const bool text = view == sluice::VIEW_TEXT && first_string(reply) != nullptr;
    if (text || view == sluice::VIEW_DETAIL) {
        return {};
    }
    const FieldDescriptor* rows = method.server_streaming() ? nullptr : rows_of(reply, forms);
    return columns_of(rows == nullptr ? reply : *rows->message_type(), false);
}

}  // namespace api::grammar
