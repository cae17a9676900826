// SPDX-License-Identifier: Apache-2.0
#include "cli/sluicectl/arguments.hpp"

#include <CLI/CLI.hpp>
#include <tuple>

#include "api/grammar/tokenizer.hpp"
#include "cli/sluicectl/result.hpp"

namespace cli {
namespace {

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

std::optional<int> read_arguments(int argc, char** argv, Arguments& arguments) {
    CLI::App app{"The shell of Sluice: types commands to a running sluiced."};
    app.add_option("command", arguments.words,
                   "A command to run, in words; the prompt where there is none")
        ->type_name("");
    app.add_option("--socket", arguments.socket, "The daemon's socket")->capture_default_str();
    add_remote_options(app, arguments.remote);
    app.add_option("-c,--command", arguments.commands, "Run this line and leave; may be repeated")
        ->allow_extra_args(false);
    app.add_option("-f,--file", arguments.file,
                   "Run the lines of this file, - for standard input; stop at the first error");
    app.add_flag("-j,--json", arguments.json, "All output as JSON, errors too");
    app.add_option("--timeout", arguments.timeout_s, "Seconds that a call may take")
        ->check(CLI::PositiveNumber);
    app.add_flag("--no-pager", arguments.no_pager, "Long output is not given to a pager");
    // For the completion of other shells: prints what could stand at the line's end.
    app.add_option("--complete", arguments.complete, "")->group("");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::not_understood);
    }
    return std::nullopt;
}

std::string line_of(const std::vector<std::string>& words) {
    if (words.size() == 1) {
        return words.front();
    }
    std::string line;
    for (const std::string& word : words) {
        const bool is_mark = word == "|" || word == "?";
        line += (line.empty() ? "" : " ") + (is_mark ? word : api::grammar::quote(word));
    }
    return line;
}

}  // namespace cli
