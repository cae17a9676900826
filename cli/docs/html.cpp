// SPDX-License-Identifier: Apache-2.0
#include "cli/docs/html.hpp"

#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "api/grammar/enum_words.hpp"
#include "api/grammar/options.hpp"

namespace cli::docs {
namespace {

using api::grammar::comment_of;
using api::grammar::Usage;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --page: #ffffff; --card: #f4f6f8; --line: #d5dae0;
  --link: #0a58ca; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e7ec; --soft: #9aa4af; --page: #14171b; --card: #1d2126; --line: #343a42; --link: #7db4ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { margin: 1.6rem 0 .3rem; }
code, .line { font-family: ui-monospace, monospace; font-size: .92em; }
.line { display: block; padding: .45rem .7rem; margin: .4rem 0; background: var(--card); border-left: 3px solid var(--link); }
.soft, dd .soft { color: var(--soft); font-size: .92em; }
dl { margin: .4rem 0 0; } dt { margin-top: .6rem; } dd { margin: 0 0 0 1.2rem; } p { margin: .4rem 0; }
nav { font-size: .95em; } ul { padding-left: 1.2rem; }
)css";

std::string page_of(const FileDescriptor& file) {
    return absl::StrReplaceAll(file.name(), {{".proto", ""}, {"/", "-"}}) + ".html";
}

std::string html_paragraphs(const std::string& comment) {
    std::string text;
    for (const auto paragraph : absl::StrSplit(comment, '\n', absl::SkipEmpty())) {
        text += "<p>" + html(std::string_view(paragraph.data(), paragraph.size())) + "</p>\n";
    }
    return text;
}

/// A link to where a type is described; its name only where that is not ours.
template <class Type>
std::string link(const Type& type) {
    const std::string name = html(type.name());
    return type.file()->name().starts_with("google/")
               ? name
               : fmt::format("<a href=\"{}#{}\">{}</a>", page_of(*type.file()), type.full_name(),
                             name);
}

std::string type_of(const FieldDescriptor& field) {
    if (field.is_map()) {
        return fmt::format("map of {} to {}", type_of(*field.message_type()->map_key()),
                           type_of(*field.message_type()->map_value()));
    }
    std::string text = field.is_repeated() ? "list of " : "";
    if (field.message_type() != nullptr) {
        return text + link(*field.message_type());
    }
    return text + (field.enum_type() != nullptr ? link(*field.enum_type())
                                                : std::string(field.type_name()));
}

void show(const FieldDescriptor& field, std::string& page) {
    const auto options = api::grammar::options_of(field);
    std::string more = fmt::format("{}{}", field.has_optional_keyword() ? "may be left out, " : "",
                                   type_of(field));
    if (const std::string& unit = options.GetExtension(sluice::unit); !unit.empty()) {
        more += ", in " + html(unit);
    }
    page += fmt::format("<dt id=\"{}\"><code>{}</code> <span class=\"soft\">= {}, {}</span></dt>\n",
                        field.full_name(), html(field.name()), field.number(), more);
    page += "<dd>" + html_paragraphs(comment_of(field)) + "</dd>\n";
}

void show(const Descriptor& type, std::string& page) {
    if (type.options().map_entry()) {
        return;
    }
    page += fmt::format("<h3 id=\"{}\">{}</h3>\n{}", type.full_name(), html(type.name()),
                        html_paragraphs(comment_of(type)));
    page += type.field_count() == 0 ? "<p class=\"soft\">No fields.</p>\n" : "<dl>\n";
    for (int i = 0; i < type.field_count(); ++i) {
        show(*type.field(i), page);
    }
    page += type.field_count() == 0 ? "" : "</dl>\n";
    for (int i = 0; i < type.nested_type_count(); ++i) {
        show(*type.nested_type(i), page);
    }
}

void show(const EnumDescriptor& type, std::string& page) {
    page += fmt::format("<h3 id=\"{}\">{}</h3>\n{}<dl>\n", type.full_name(), html(type.name()),
                        html_paragraphs(comment_of(type)));
    for (int i = 0; i < type.value_count(); ++i) {
        const auto& value = *type.value(i);
        page += fmt::format(
            "<dt><code>{}</code> <span class=\"soft\">= {}, {}</span></dt>\n<dd>{}</dd>\n",
            html(api::grammar::word_of(value)), value.number(), html(value.name()),
            html_paragraphs(comment_of(value)));
    }
    page += "</dl>\n";
}

void show(const MethodDescriptor& method, const Book& book, std::string& page) {
    const bool writes = api::grammar::options_of(method).GetExtension(sluice::writes);
    page += fmt::format("<h3 id=\"{}\">{}</h3>\n", method.full_name(), html(method.name()));
    for (const Usage& usage : book.commands_of(method)) {
        page += "<span class=\"line\">" + html(usage.text) + "</span>\n";
    }
    page += html_paragraphs(comment_of(method));
    page += fmt::format("<p class=\"soft\">{}{} &rarr; {}{}{}</p>\n",
                        method.client_streaming() ? "stream of " : "", link(*method.input_type()),
                        method.server_streaming() ? "stream of " : "", link(*method.output_type()),
                        writes ? "; needs the role <code>write</code>" : "");
}

std::string open_page(const std::string& title, const Book& book, bool index) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{0}</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n"
        "{1}<h1>{0}</h1>\n",
        html(title),
        index ? ""
              : fmt::format("<nav><a href=\"index.html\">Sluice {} API</a></nav>\n",
                            html(book.version())));
}

std::string page_for(const FileDescriptor& file, const Book& book) {
    std::string page = open_page(file.name(), book, false) + html_paragraphs(comment_of(file));
    page += fmt::format("<p class=\"soft\">package <code>{}</code></p>\n", html(file.package()));
    for (int i = 0; i < file.service_count(); ++i) {
        const auto& service = *file.service(i);
        page += fmt::format("<h2 id=\"{}\">Service {}</h2>\n{}", service.full_name(),
                            html(service.name()), html_paragraphs(comment_of(service)));
        for (int j = 0; j < service.method_count(); ++j) {
            show(*service.method(j), book, page);
        }
    }
    page += file.message_type_count() > 0 ? "<h2>Messages</h2>\n" : "";
    for (int i = 0; i < file.message_type_count(); ++i) {
        show(*file.message_type(i), page);
    }
    page += file.enum_type_count() > 0 ? "<h2>Enums</h2>\n" : "";
    for (int i = 0; i < file.enum_type_count(); ++i) {
        show(*file.enum_type(i), page);
    }
    return page + "</body>\n</html>\n";
}

std::string index_for(const Book& book) {
    std::string page = open_page("Sluice " + book.version() + " API", book, true);
    page +=
        "<p>The router is driven by gRPC services, and the shell's commands call them: what a "
        "command can do, a program can do. Errors carry one sentence and a code of gRPC.</p>\n"
        "<h2>Services</h2>\n<dl>\n";
    for (const FileDescriptor* file : book.files()) {
        for (int i = 0; i < file->service_count(); ++i) {
            const auto& service = *file->service(i);
            page += fmt::format("<dt><a href=\"{}#{}\">{}</a></dt>\n<dd>{}</dd>\n", page_of(*file),
                                service.full_name(), html(service.full_name()),
                                html_paragraphs(comment_of(service)));
        }
    }
    page += "</dl>\n<h2>Commands</h2>\n<dl>\n";
    for (const Usage& usage : book.grammar().usages("")) {
        page += fmt::format("<dt><a href=\"{}#{}\"><code>{}</code></a></dt>\n<dd>{}</dd>\n",
                            page_of(*usage.method->file()), usage.method->full_name(),
                            html(usage.text), html(usage.help));
    }
    page += "</dl>\n<h2>Files</h2>\n<ul>\n";
    for (const FileDescriptor* file : book.files()) {
        page += fmt::format("<li><a href=\"{}\">{}</a></li>\n", page_of(*file), html(file->name()));
    }
    return page + "</ul>\n</body>\n</html>\n";
}

void write(const std::filesystem::path& path, std::string_view text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    if (!out.flush()) {
        throw std::runtime_error(path.string() + " cannot be written");
    }
}

}  // namespace

std::string html(std::string_view text) {
    std::string out;
    bool code = false;
    for (const char c : text) {
        switch (c) {
            case '`':
                code = !code;
                out += code ? "<code>" : "</code>";
                break;
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return code ? out + "</code>" : out;
}

void write_reference(const Book& book, const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    write(folder / "style.css", style);
    write(folder / "index.html", index_for(book));
    for (const FileDescriptor* file : book.files()) {
        write(folder / page_of(*file), page_for(*file, book));
    }
}

}  // namespace cli::docs
