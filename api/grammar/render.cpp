// SPDX-License-Identifier: Apache-2.0
#include "api/grammar/render.hpp"

#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include "api/grammar/cell.hpp"
#include "api/grammar/escape.hpp"
#include "api/grammar/json.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/table.hpp"

namespace api::grammar {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

void print_fields(const Message& message, const std::vector<Column>& columns,
                  const TextForms& forms, const LineSink& sink) {
    for (const Column& column : columns) {
        const std::string text = cell(message, *column.field, forms);
        const bool unit = !column.unit.empty() && text != "-";
        sink(fmt::format("{}: {}{}{}", column.heading, text, unit ? " " : "",
                         unit ? column.unit : ""),
             false);
    }
}

/// One row a reply, or the rows of the one reply, with what else it says above them.
class TableRenderer : public Renderer {
public:
    TableRenderer(const Descriptor& reply, const FieldDescriptor* rows, const TextForms& forms,
                  LineSink sink)
        : rows_(rows),
          forms_(forms),
          sink_(sink),
          above_(columns_of(reply, false)),
          table_(rows == nullptr ? reply : *rows->message_type(), forms, std::move(sink)) {
        std::erase_if(above_, [rows](const Column& column) { return column.field == rows; });
    }

    void add(const Message& reply) override {
        if (rows_ == nullptr) {
            table_.add(reply);
            return;
        }
        print_fields(reply, above_, forms_, sink_);
        const auto& reflection = *reply.GetReflection();
        for (int i = 0; i < reflection.FieldSize(reply, rows_); ++i) {
            table_.add(reflection.GetRepeatedMessage(reply, rows_, i));
        }
    }

    void flush() override { table_.flush(); }
    void finish() override { table_.finish(); }

private:
    const FieldDescriptor* rows_;
    const TextForms& forms_;
    LineSink sink_;
    std::vector<Column> above_;
    Table table_;
};

/// A line a field; an empty line between messages.
class DetailRenderer : public Renderer {
public:
    DetailRenderer(const Descriptor& reply, const FieldDescriptor* rows, const TextForms& forms,
                   LineSink sink)
        : rows_(rows),
          forms_(forms),
          sink_(std::move(sink)),
          columns_(columns_of(rows == nullptr ? reply : *rows->message_type(), true)),
          above_(columns_of(reply, true)) {
        std::erase_if(above_, [rows](const Column& column) { return column.field == rows; });
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

    void finish() override {}

private:
    void show(const Message& message, const std::vector<Column>& columns) {
        if (!first_) {
            sink_("", true);
        }
        first_ = false;
        print_fields(message, columns, forms_, sink_);
    }

    const FieldDescriptor* rows_;
    const TextForms& forms_;
    LineSink sink_;
    std::vector<Column> columns_;
    std::vector<Column> above_;
    bool first_ = true;
};

/// The first string field, line by line.
class TextRenderer : public Renderer {
public:
    TextRenderer(const FieldDescriptor& field, LineSink sink)
        : field_(field), sink_(std::move(sink)) {}

    void add(const Message& reply) override {
        const std::string text =
            escape_for_terminal(reply.GetReflection()->GetString(reply, &field_), true);
        std::string_view rest = text;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            sink_(rest.substr(0, end), false);
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }

    void finish() override {}

private:
    const FieldDescriptor& field_;
    LineSink sink_;
};

/// One object a line; those of a stream within brackets. The comma leads its line, so that no
/// object waits for the next one.
class JsonRenderer : public Renderer {
public:
    JsonRenderer(bool list, const TextForms& forms, LineSink sink)
        : list_(list), forms_(forms), sink_(std::move(sink)) {}

    void add(const Message& reply) override {
        begin();
        sink_(fmt::format("{}{}", !list_ ? "" : first_ ? " " : ",", to_json(reply, forms_)), false);
        first_ = false;
    }

    void finish() override {
        begin();
        if (list_) {
            sink_("]", true);
        }
    }

private:
    void begin() {
        if (list_ && !begun_) {
            sink_("[", true);
        }
        begun_ = true;
    }

    const bool list_;
    const TextForms& forms_;
    LineSink sink_;
    bool begun_ = false;
    bool first_ = true;
};

/// A reply without fields says nothing but success.
class SilentRenderer : public Renderer {
public:
    void add(const Message&) override {}
    void finish() override {}
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
                                        const TextForms& forms, LineSink sink) {
    const Descriptor& reply = *method.output_type();
    if (format == Format::json) {
        return std::make_unique<JsonRenderer>(method.server_streaming(), forms, std::move(sink));
    }
    if (reply.field_count() == 0) {
        return std::make_unique<SilentRenderer>();
    }
    const FieldDescriptor* rows = method.server_streaming() ? nullptr : rows_of(reply, forms);
    const sluice::View view = options_of(method).GetExtension(sluice::view);
    const FieldDescriptor* text = first_string(reply);
    if (format == Format::view && view == sluice::VIEW_TEXT && text != nullptr) {
        return std::make_unique<TextRenderer>(*text, std::move(sink));
    }
    if (format == Format::detail || view == sluice::VIEW_DETAIL) {
        return std::make_unique<DetailRenderer>(reply, rows, forms, std::move(sink));
    }
    return std::make_unique<TableRenderer>(reply, rows, forms, std::move(sink));
}

}  // namespace api::grammar
