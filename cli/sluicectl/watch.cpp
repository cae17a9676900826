// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/watch.hpp"

#include <absl/strings/numbers.h>
#include <absl/time/clock.h>
#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <sstream>

#include "api/grammar/escape.hpp"
#include "api/grammar/options.hpp"
#include "api/grammar/place.hpp"
#include "api/grammar/printer.hpp"
#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/session.hpp"

namespace cli {
namespace {

constexpr double default_period_s = 2;
constexpr double least_period_s = 0.1;
constexpr double most_period_s = 86400;

Result wrong(std::string sentence) {
    return Result::not_understood(absl::InvalidArgumentError(std::move(sentence)));
}

/// One picture of the command's output, in lines.
absl::StatusOr<std::string> picture(const Session::Understood& understood, Session& session,
                                    Comparison& comparison, const std::stop_token& stop) {
    std::ostringstream text;
    const Screen& screen = session.options().screen;
    api::grammar::Printer printer(text, {screen.size().columns, screen.colours});
    const auto marker = comparison.stage(printer, Comparison::Clock::now());
    Filters filters(understood.pipeline, *marker);
    const absl::Status status = session.call_into(understood.command, understood.pipeline.format,
                                                  filters.head(), text, stop);
    return status.ok() ? absl::StatusOr<std::string>(text.str()) : status;
}

/// Draws over what was there, so that nothing flickers, and not beyond the last row.
void draw(std::string_view heading, std::string_view text, Session& session) {
    std::ostream& out = session.out();
    std::size_t rows = session.options().screen.size().rows;
    out << "\x1b[H" << heading << "\x1b[K\n\x1b[K\n";
    rows -= std::min<std::size_t>(rows, 3);
    while (!text.empty() && rows-- > 0) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out << text.substr(0, end) << "\x1b[K\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    out << "\x1b[J";
    out.flush();
}

/// False where Ctrl-C ended the wait.
bool wait(double seconds, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
    return !stop.stop_requested();
}

}  // namespace

Result watch(Session& session, const Input& input) {
    std::string_view line = input.rest;
    std::size_t skipped = 0;
    double period_s = default_period_s;
    const std::vector<api::grammar::Token> tokens = api::grammar::scan(line).tokens;
    if (!tokens.empty() && absl::SimpleAtod(tokens[0].text, &period_s)) {
        skipped = tokens[0].end;
        if (!(period_s >= least_period_s && period_s <= most_period_s)) {
            return wrong(fmt::format("watch cannot wait '{}' seconds: it takes {} to {}",
                                     api::grammar::escape_for_terminal(tokens[0].text),
                                     least_period_s, most_period_s));
        }
    }
    if (tokens.size() == (skipped > 0 ? 1u : 0u)) {
        return wrong("watch needs a command behind it, such as: watch 2 show interface");
    }
    line.remove_prefix(skipped);
    const absl::StatusOr<Session::Understood> understood =
        session.understand(line, input.rest_begin + skipped);
    if (!understood.ok()) {
        return Result::not_understood(understood.status());
    }
    if (api::grammar::options_of(*understood->command.method).GetExtension(sluice::writes)) {
        return wrong("watch repeats only what shows: this command changes something");
    }
    if (!session.options().screen.is_terminal() || session.options().json) {
        return wrong("watch needs a terminal: in a script, call the command as often as you like");
    }
    Comparison comparison;
    session.out() << "\x1b[2J";
    do {
        const absl::StatusOr<std::string> text =
            picture(*understood, session, comparison, input.stop);
        if (!text.ok()) {
            return Result::of_call(text.status());
        }
        const std::string heading =
            fmt::format("every {} s: {}   {}", period_s,
                        api::grammar::escape_for_terminal(line.substr(line.find_first_not_of(' '))),
                        absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()));
        if (!input.stop.stop_requested()) {
            draw(session.options().screen.paint(heading, "1"), *text, session);
        }
    } while (wait(period_s, input.stop));
    return {};
}

}  // namespace cli
