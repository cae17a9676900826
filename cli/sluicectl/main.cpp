// SPDX-License-Identifier: Apache-2.0
#include <grpc/support/log.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "api/grammar/escape.hpp"
#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/arguments.hpp"
#include "cli/sluicectl/client_backend.hpp"
#include "cli/sluicectl/editor.hpp"
#include "cli/sluicectl/history.hpp"
#include "cli/sluicectl/interrupt.hpp"
#include "cli/sluicectl/script.hpp"
#include "cli/sluicectl/session.hpp"

namespace cli {
namespace {

Reporting reporting_of(const Arguments& arguments) {
    return {arguments.json, Screen::of(STDERR_FILENO), std::nullopt};
}

Exit run_lines(Session& session, const std::vector<std::string>& lines,
               const Reporting& reporting) {
    for (const std::string& line : lines) {
        const Result result = session.run(line);
        if (!result.ok()) {
            report(result, "", line, reporting, std::cerr);
            return result.exit;
        }
        if (result.leave) {
            break;
        }
    }
    return Exit::ok;
}

Exit run_file(Session& session, const Arguments& arguments, const Reporting& reporting) {
    if (arguments.file == "-") {
        return run_script(session, std::cin, "stdin", reporting, std::cerr);
    }
    std::ifstream in(arguments.file);
    if (!in) {
        report(
            Result::not_understood(absl::NotFoundError("the file cannot be read: does it exist?")),
            arguments.file, "", reporting, std::cerr);
        return Exit::not_understood;
    }
    return run_script(session, in, arguments.file, reporting, std::cerr);
}

Exit run_all(Session& session, const Arguments& arguments, const Reporting& reporting) {
    if (arguments.ask_for_lines()) {
        return run_script(session, std::cin, "stdin", reporting, std::cerr);
    }
    std::vector<std::string> lines = arguments.commands;
    if (!arguments.words.empty()) {
        lines.push_back(line_of(arguments.words));
    }
    const Exit exit = run_lines(session, lines, reporting);
    return exit == Exit::ok && !arguments.file.empty() ? run_file(session, arguments, reporting)
                                                       : exit;
}

/// The prompt. An error is shown and the shell goes on.
Exit converse(Session& session, Reporting reporting, Interrupt& interrupt) {
    for (const std::string& problem : session.schema().problems()) {
        std::cerr << "warning: " << api::grammar::escape_for_terminal(problem) << '\n';
    }
    Editor editor(session.options().screen, default_history_path(),
                  [&](std::string_view line) { return session.suggest(line); });
    while (true) {
        const std::string prompt = session.prompt();
        const auto line = editor.read_line(prompt);
        if (!line) {
            std::cout << '\n';
            if (session.leave_mode().leave) {
                return Exit::ok;
            }
            continue;
        }
        const Result result = session.run(*line, interrupt.begin());
        if (!result.ok()) {
            reporting.typed_behind = api::grammar::cells(prompt);
            report(result, "", *line, reporting, std::cerr);
        }
        if (result.leave) {
            return Exit::ok;
        }
    }
}

absl::StatusOr<std::unique_ptr<api::Client>> connect(const Arguments& arguments,
                                                     absl::Duration timeout) {
    return arguments.remote.address.empty() ? api::Client::connect(arguments.socket, timeout)
                                            : api::Client::connect(arguments.remote, timeout);
}

/// Prints what could stand at the end of a line: the word and its help, a tab between them.
/// Without a daemon, nothing.
Exit complete(const Arguments& arguments) {
    auto client = connect(arguments, patience);
    if (!client.ok()) {
        return Exit::no_daemon;
    }
    ClientBackend backend(*std::move(client));
    Session session(backend, {.timeout = patience}, std::cout);
    if (!session.start().ok()) {
        return Exit::no_daemon;
    }
    for (const auto& candidate : session.suggest(*arguments.complete).candidates) {
        if (!candidate.placeholder) {
            std::cout << api::grammar::quote(candidate.text) << '\t'
                      << api::grammar::escape_for_terminal(candidate.help) << '\n';
        }
    }
    std::cout.flush();
    return Exit::ok;
}

Exit run(const Arguments& arguments) {
    if (arguments.complete) {
        return complete(arguments);
    }
    const Reporting reporting = reporting_of(arguments);
    const bool interactive = arguments.ask_for_lines() && ::isatty(STDIN_FILENO) != 0;
    std::optional<Interrupt> interrupt;
    Session::Options options{.json = arguments.json,
                             .timeout = std::nullopt,
                             .interactive = interactive,
                             .screen = Screen::of(STDOUT_FILENO)};
    if (interactive) {
        interrupt.emplace();
        Editor::hold_signals();
        options.screen.pages = options.screen.is_terminal() && !arguments.no_pager;
    }
    if (arguments.timeout_s) {
        options.timeout = absl::Seconds(*arguments.timeout_s);
    }
    absl::StatusOr<std::unique_ptr<api::Client>> client =
        connect(arguments, options.timeout.value_or(absl::Seconds(5)));
    if (!client.ok()) {
        report({client.status(), Exit::no_daemon}, "", "", reporting, std::cerr);
        return Exit::no_daemon;
    }
    ClientBackend backend(*std::move(client));
    Session session(backend, std::move(options), std::cout);
    if (const Result result = session.start(); !result.ok()) {
        report(result, "", "", reporting, std::cerr);
        return result.exit;
    }
    return interactive ? converse(session, reporting, *interrupt)
                       : run_all(session, arguments, reporting);
}

}  // namespace
}  // namespace cli

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    // What gRPC finds, the client says in a sentence.
    gpr_set_log_function([](gpr_log_func_args*) {});
    cli::Arguments arguments;
    if (const auto exit = cli::read_arguments(argc, argv, arguments)) {
        return *exit;
    }
    // A reader that leaves early ends the output, not the shell.
    std::signal(SIGPIPE, SIG_IGN);
    // What less needs to leave short texts on the screen, colours as they are.
    ::setenv("LESS", "FRX", 0);
    return static_cast<int>(cli::run(arguments));
}
