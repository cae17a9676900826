// SPDX-License-Identifier: Apache-2.0
#include <grpc/support/log.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <tuple>

#include "cli/sluicectl/client_backend.hpp"
#include "cli/sluicectl/editor.hpp"
#include "cli/sluicectl/interrupt.hpp"
#include "cli/sluicectl/script.hpp"
#include "cli/sluicectl/session.hpp"

namespace cli {
namespace {

struct Arguments {
    std::string socket = "/run/sluice/api.sock";
    /// Instead of the socket, where its address is not empty.
    api::Client::Remote remote;
    std::vector<std::string> commands;
    std::string file;
    bool json = false;
    std::optional<double> timeout_s;

    bool interactive() const {
        return commands.empty() && file.empty() && isatty(STDIN_FILENO) != 0;
    }
};

int finish(Exit exit) {
    return static_cast<int>(exit);
}

Exit run_commands(Session& session, const Arguments& arguments) {
    for (const std::string& line : arguments.commands) {
        const Result result = session.run(line);
        if (!result.ok()) {
            report(result, "", arguments.json, std::cerr);
            return result.exit;
        }
        if (result.leave) {
            break;
        }
    }
    return Exit::ok;
}

Exit run_file(Session& session, const Arguments& arguments) {
    std::ifstream in(arguments.file);
    if (!in) {
        report(
            Result::not_understood(absl::NotFoundError("the file cannot be read: does it exist?")),
            arguments.file, arguments.json, std::cerr);
        return Exit::not_understood;
    }
    return run_script(session, in, arguments.file, arguments.json, std::cerr);
}

/// The prompt. An error is shown and the shell goes on.
Exit converse(Session& session, const Arguments& arguments, Interrupt& interrupt) {
    for (const std::string& problem : session.schema().problems()) {
        std::cerr << "warning: " << problem << '\n';
    }
    Editor editor("sluice> ", default_history_path(),
                  [&](std::string_view line) { return session.suggest(line); });
    while (const auto line = editor.read_line()) {
        const Result result = session.run(*line, interrupt.begin());
        if (!result.ok()) {
            report(result, "", arguments.json, std::cerr);
        }
        if (result.leave) {
            return Exit::ok;
        }
    }
    std::cout << '\n';
    return Exit::ok;
}

absl::StatusOr<std::unique_ptr<api::Client>> connect(const Arguments& arguments,
                                                     absl::Duration timeout) {
    return arguments.remote.address.empty() ? api::Client::connect(arguments.socket, timeout)
                                            : api::Client::connect(arguments.remote, timeout);
}

Exit run(const Arguments& arguments) {
    std::optional<Interrupt> interrupt;
    if (arguments.interactive()) {
        interrupt.emplace();
    }
    Session::Options options{arguments.json, std::nullopt};
    if (arguments.timeout_s) {
        options.timeout = absl::Seconds(*arguments.timeout_s);
    }
    absl::StatusOr<std::unique_ptr<api::Client>> client =
        connect(arguments, options.timeout.value_or(absl::Seconds(5)));
    if (!client.ok()) {
        report({client.status(), Exit::no_daemon}, "", arguments.json, std::cerr);
        return Exit::no_daemon;
    }
    ClientBackend backend(*std::move(client));
    Session session(backend, options, std::cout);
    if (const Result result = session.start(); !result.ok()) {
        report(result, "", arguments.json, std::cerr);
        return result.exit;
    }
    if (interrupt) {
        return converse(session, arguments, *interrupt);
    }
    Exit exit = run_commands(session, arguments);
    if (exit == Exit::ok && !arguments.file.empty()) {
        exit = run_file(session, arguments);
    }
    if (arguments.commands.empty() && arguments.file.empty()) {
        exit = run_script(session, std::cin, "stdin", arguments.json, std::cerr);
    }
    return exit;
}

/// A daemon elsewhere takes all of them.
void add_remote_options(CLI::App& app, api::Client::Remote& remote) {
    auto* const address = app.add_option("--connect", remote.address,
                                         "HOST:PORT of a daemon that listens, instead of a socket");
    address->excludes("--socket");
    for (const auto& [name, value, help] :
         {std::tuple("--tls-certificate", &remote.files.certificate,
                     "PEM file of this client's certificate"),
          std::tuple("--tls-key", &remote.files.key, "PEM file of its private key"),
          std::tuple("--tls-ca", &remote.files.ca,
                     "PEM file of the authority of the daemon's certificate")}) {
        auto* const option = app.add_option(name, *value, help);
        option->needs(address);
        address->needs(option);
    }
    app.add_option("--tls-name", remote.name,
                   "Name that the daemon's certificate has, where it is not HOST")
        ->needs(address);
}

}  // namespace
}  // namespace cli

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    // What gRPC finds, the client says in a sentence.
    gpr_set_log_function([](gpr_log_func_args*) {});
    cli::Arguments arguments;
    CLI::App app{"The shell of Sluice: types commands to a running sluiced."};
    app.add_option("--socket", arguments.socket, "The daemon's socket")->capture_default_str();
    cli::add_remote_options(app, arguments.remote);
    app.add_option("-c,--command", arguments.commands, "Run this line and leave; may be repeated")
        ->allow_extra_args(false);
    app.add_option("-f,--file", arguments.file,
                   "Run the lines of this file; stop at the first error");
    app.add_flag("-j,--json", arguments.json, "All output as JSON, errors too");
    app.add_option("--timeout", arguments.timeout_s, "Seconds that a call may take")
        ->check(CLI::PositiveNumber);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : cli::finish(cli::Exit::not_understood);
    }
    return cli::finish(cli::run(arguments));
}
