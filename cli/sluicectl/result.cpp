// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/grammar/escape.hpp"

namespace cli {
namespace {

using api::grammar::cells;
using api::grammar::escape_for_terminal;

/// Points at the wrong word, where the line and its mark fit the screen.
void mark(const Result& result, std::string_view line, const Reporting& how, std::ostream& err) {
    const auto place = api::grammar::place_of(result.status);
    const Screen::Size size = how.screen.size();
    if (!place || size.columns == 0 || place->begin > line.size()) {
        return;
    }
    const std::string before = escape_for_terminal(line.substr(0, place->begin));
    const std::string wrong =
        escape_for_terminal(line.substr(place->begin, place->end - place->begin));
    const std::size_t indent = how.typed_behind.value_or(2);
    if (indent + std::max(cells(escape_for_terminal(line)), cells(before) + 1) >= size.columns) {
        return;
    }
    if (!how.typed_behind) {
        err << std::string(indent, ' ') << escape_for_terminal(line) << '\n';
    }
    const std::string carets(std::max<std::size_t>(cells(wrong), 1), '^');
    err << std::string(indent + cells(before), ' ') << how.screen.paint(carets, "31") << '\n';
}

}  // namespace

Result Result::not_understood(absl::Status status) {
    return {std::move(status), Exit::not_understood};
}

Result Result::of_call(absl::Status status) {
    const Exit exit = status.ok()                   ? Exit::ok
                      : absl::IsUnavailable(status) ? Exit::no_daemon
                                                    : Exit::refused;
    return {std::move(status), exit};
}

void report(const Result& result, const std::string& file, std::string_view line,
            const Reporting& how, std::ostream& err) {
    const std::string sentence =
        fmt::format("{}{}{}", file, file.empty() ? "" : ": ", std::string(result.status.message()));
    if (how.json) {
        err << fmt::format(
            "{{\"error\":{},\"code\":{}}}\n", api::grammar::quote_json(sentence),
            api::grammar::quote_json(absl::StatusCodeToString(result.status.code())));
    } else {
        mark(result, line, how, err);
        err << how.screen.paint("error:", "31") << ' ' << escape_for_terminal(sentence) << '\n';
    }
    err.flush();
}

}  // namespace cli
