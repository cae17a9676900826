// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/manual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/escape.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/wrap.hpp"
#include "cli/sluicectl/pager.hpp"
#include "cli/sluicectl/session.hpp"

namespace cli {
namespace {

using api::grammar::Usage;

/// The longest column of commands; longer ones have their help below.
constexpr std::size_t widest = 48;

void paragraphs(std::string_view text, std::ostream& out, const Screen& screen) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::size_t columns = screen.size().columns;
        const std::size_t room = columns > 20 ? columns - 3 : columns;
        for (const std::string& line : api::grammar::wrap(text.substr(0, end), room)) {
            out << "  " << api::grammar::escape_for_terminal(line) << '\n';
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// The command, its comment, its fields.
void tell(const Usage& usage, const Session& session, std::ostream& out) {
    const Screen& screen = session.options().screen;
    out << screen.paint(usage.text, "1") << '\n';
    paragraphs(api::grammar::comment_of(*usage.method), out, screen);
    std::size_t width = 0;
    for (const auto* field : usage.fields) {
        width = std::max(width, field->name().size() + 2);
    }
    for (const auto* field : usage.fields) {
        const std::string comment = api::grammar::comment_of(*field);
        const std::string accepts = session.schema().grammar().accepts(*field);
        list_pair("<" + field->name() + ">", width,
                  comment.empty() ? accepts : comment + " (" + accepts + ")", out, screen);
    }
}

void list_builtins(const Session& session, std::size_t width, std::ostream& out) {
    out << "\nThe shell's own words:\n";
    for (const Builtin& own : session.mode().builtins()) {
        list_pair(own.usage, width, own.help, out, session.options().screen);
    }
    out << "\nBehind a command:\n";
    for (const FilterHelp& filter : filters()) {
        list_pair(fmt::format("| {} {}", filter.name, filter.takes), width, filter.help, out,
                  session.options().screen);
    }
    out << "\nTAB completes, ? shows what may follow, Ctrl-R looks a line up.\n";
}

}  // namespace

Result show_help(Session& session, std::string_view words) {
    const std::vector<Usage> usages = session.schema().grammar().usages(words);
    if (usages.empty()) {
        return Result::not_understood(absl::InvalidArgumentError(fmt::format(
            "no command begins with '{}': 'help' lists all",
            api::grammar::escape_for_terminal(words.substr(words.find_first_not_of(' '))))));
    }
    constexpr std::size_t few = 2;
    Pager pager(session.out(), session.options().screen);
    std::ostream& out = pager.stream();
    if (usages.size() <= few) {
        for (const Usage& usage : usages) {
            out << (&usage == &usages.front() ? "" : "\n");
            tell(usage, session, out);
        }
        return {};
    }
    std::size_t width = 0;
    for (const Usage& usage : usages) {
        width = std::max(width, std::min(api::grammar::cells(usage.text), widest));
    }
    for (const Usage& usage : usages) {
        list_pair(usage.text, width, usage.help, out, session.options().screen);
    }
    if (words.find_first_not_of(" \t") == std::string_view::npos) {
        list_builtins(session, width, out);
    }
    return {};
}

}  // namespace cli
