// SPDX-License-Identifier: Apache-2.0
#include "cli/docs/man.hpp"

#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include "api/grammar/enum_words.hpp"
#include "api/grammar/options.hpp"

namespace cli::docs {
namespace {

using api::grammar::comment_of;
using api::grammar::Usage;

/// A comment, its paragraphs apart.
std::string roff_paragraphs(const std::string& comment) {
    std::string text;
    for (const auto paragraph : absl::StrSplit(comment, '\n', absl::SkipEmpty())) {
        text += (text.empty() ? "" : ".PP\n") +
                roff(std::string_view(paragraph.data(), paragraph.size())) + "\n";
    }
    return text;
}

/// The words of a command bold, its values in italics.
std::string command_line(std::string_view text) {
    std::string out = "\\fB";
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "\\fI";
                break;
            case '>':
                out += "\\fB";
                break;
            case '[':
            case ']':
                out += std::string("\\fR") + c + "\\fB";
                break;
            case '-':
                out += "\\-";
                break;
            default:
                out += c;
        }
    }
    return out + "\\fR";
}

void tell(const Usage& usage, const Book& book, std::string& page) {
    page += ".TP\n" + command_line(usage.text) + "\n" + roff_paragraphs(comment_of(*usage.method));
    if (usage.fields.empty()) {
        return;
    }
    page += ".RS\n";
    for (const auto* field : usage.fields) {
        page +=
            fmt::format(".TP\n\\fI{}\\fR\n{}({})\n", roff(field->name()),
                        roff_paragraphs(comment_of(*field)), roff(book.grammar().accepts(*field)));
        if (const auto* type = field->enum_type()) {
            page += ".RS\n";
            for (const std::string& word : book.grammar().forms().words(*field)) {
                for (int i = 0; i < type->value_count(); ++i) {
                    if (api::grammar::word_of(*type->value(i)) == word) {
                        page += fmt::format(".TP\n\\fB{}\\fR\n{}", roff(word),
                                            roff_paragraphs(comment_of(*type->value(i))));
                    }
                }
            }
            page += ".RE\n";
        }
    }
    page += ".RE\n";
}

/// One entry of a help text: the option's names, and what it is for.
struct Option {
    std::string names;
    std::string text;
};

std::string_view strip(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    const std::size_t last = text.find_last_not_of(' ');
    return first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
}

/// "  -c,--command TEXT ...      Run this line", where long names have their text on the next line.
std::vector<Option> read_options(std::string_view help) {
    std::vector<Option> options;
    for (const auto raw : absl::StrSplit(absl::string_view(help.data(), help.size()), '\n')) {
        const std::string_view line(raw.data(), raw.size());
        if (line.starts_with("  -")) {
            const std::string_view whole = line.substr(2);
            const std::size_t gap = whole.find("  ");
            options.push_back(
                {std::string(strip(whole.substr(0, gap))),
                 std::string(gap == std::string_view::npos ? "" : strip(whole.substr(gap)))});
        } else if (line.starts_with("      ") && !options.empty()) {
            std::string& text = options.back().text;
            text += (text.empty() ? "" : " ") + std::string(strip(line));
        }
    }
    return options;
}

}  // namespace

std::string roff(std::string_view text) {
    std::string out;
    bool bold = false;
    for (const char c : text) {
        switch (c) {
            case '`':
                bold = !bold;
                out += bold ? "\\fB" : "\\fR";
                break;
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            default:
                // A line must not begin like a request.
                out += (c == '.' || c == '\'') && out.empty() ? "\\&" : "";
                out += c;
        }
    }
    return bold ? out + "\\fR" : out;
}

std::string roff_options(std::string_view help) {
    std::string text;
    for (const Option& option : read_options(help)) {
        const std::size_t blank = std::min(option.names.find(' '), option.names.size());
        text += fmt::format(
            ".TP\n\\fB{}\\fR{}\n{}\n",
            absl::StrReplaceAll(roff(option.names.substr(0, blank)), {{",", "\\fR, \\fB"}}),
            roff(option.names.substr(blank)), roff(option.text));
    }
    return text;
}

std::string fill_page(std::string page, const Book& book, std::string_view help) {
    return absl::StrReplaceAll(page,
                               {{"@VERSION@", book.version()}, {"@OPTIONS@", roff_options(help)}});
}

std::string commands_page(const Book& book) {
    std::string page = fmt::format(
        ".\\\" SPDX-License-Identifier: Apache-2.0\n"
        ".\\\" Made of the .proto files by sluice-docs.\n"
        ".TH SLUICE\\-COMMANDS 7 \"\" \"Sluice {}\" \"Sluice\"\n"
        ".SH NAME\nsluice\\-commands \\- the commands of the router\n"
        ".SH DESCRIPTION\n"
        "The lines that \\fBsluicectl\\fR(1) takes, and that configuration files of "
        "\\fBsluiced\\fR(8) are made of. Words stand for themselves and may be abbreviated where "
        "that is unique; words in italics are values; what stands in brackets may be left out, and "
        "options side by side come in any order. A value that holds blanks, quotes, \\fB#\\fR or "
        "\\fB|\\fR is written in quotes. \\fB#\\fR begins a comment. Each plugin brings its own "
        "commands; those of plugins that come with Sluice are here.\n"
        ".PP\nWhat fails is answered with one sentence. Words in capitals, such as NOT_FOUND, are "
        "the codes that the API gives with it.\n",
        book.version());
    for (const auto* file : book.files()) {
        for (int i = 0; i < file->service_count(); ++i) {
            const auto& service = *file->service(i);
            std::string commands;
            for (int j = 0; j < service.method_count(); ++j) {
                for (const Usage& usage : book.commands_of(*service.method(j))) {
                    tell(usage, book, commands);
                }
            }
            if (!commands.empty()) {
                page += fmt::format(".SH {}\n{}{}", roff(service.name()),
                                    roff_paragraphs(comment_of(service)), commands);
            }
        }
    }
    page += ".SH SEE ALSO\n\\fBsluicectl\\fR(1), \\fBsluiced\\fR(8)\n";
    return page;
}

}  // namespace cli::docs
