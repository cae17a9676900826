// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "cli/compat/accept.hpp"
#include "cli/compat/breaks.hpp"

namespace cli::compat {
namespace {

struct Options {
    /// Of the .proto files, named from the top of their tree.
    std::vector<std::string> protos;
    std::string folder;
    std::string released;
    std::string descriptors;
    bool breaking = false;
};

/// True where nothing is broken; the sentences go to stderr.
bool report(const std::vector<std::string>& found) {
    for (const std::string& sentence : found) {
        std::cerr << sentence << '\n';
    }
    return found.empty();
}

int check(const std::vector<std::string>& found, const Options& options) {
    if (report(found)) {
        return 0;
    }
    std::cerr << (found.size() == 1 ? "This breaks" : "These break")
              << " programs and configurations made for what is released in " << options.folder
              << "; where that is meant, and only then, the target api-accept-breaking (`accept "
                 "--breaking`) makes it the released state.\n";
    return 1;
}

int accept(const std::vector<std::string>& found, const std::vector<std::string>& lines,
           const schema::Schema& now, const Options& options) {
    if (!report(found) && !options.breaking) {
        std::cerr << "Nothing was accepted, since this breaks what is released in "
                  << options.folder << "; --breaking accepts it all the same.\n";
        return 1;
    }
    for (const std::string& line : lines) {
        std::cout << line << '\n';
    }
    write_released(now, options.folder);
    std::cout << now.files().size() << " files are released as they are now, with " << lines.size()
              << " differences\n";
    return 0;
}

int run(bool accepting, const Options& options) {
    schema::Schema released(options.released);
    schema::Schema now(options.descriptors);
    // Imports that are others' have a release of their own.
    released.keep(released_files(options.folder));
    now.keep(options.protos);
    const std::vector<std::string> found = breaks(released, now);
    return accepting ? accept(found, differences(released, now), now, options)
                     : check(found, options);
}

}  // namespace
}  // namespace cli::compat

int main(int argc, char** argv) {
    cli::compat::Options options;
    CLI::App app(
        "Holds an API against what of it is released: nothing may be taken from those "
        "who use it.");
    app.require_subcommand(1);
    auto* check = app.add_subcommand("check",
                                     "Exit code 1, with a sentence for each thing that is "
                                     "broken");
    auto* accept = app.add_subcommand("accept",
                                      "Makes what is there the released state, and tells "
                                      "what differs");
    accept->add_flag("--breaking", options.breaking, "Also where it breaks what is released");
    for (CLI::App* action : {check, accept}) {
        action->add_option("--folder", options.folder, "The folder with the released .proto files")
            ->required();
        action
            ->add_option("--released", options.released,
                         "What protoc wrote of that folder, imports included")
            ->required();
        action
            ->add_option("--descriptors", options.descriptors,
                         "What protoc wrote of the .proto files, imports included")
            ->required();
        action->add_option("protos", options.protos, "The .proto files, from the top of their tree")
            ->required();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        return cli::compat::run(accept->parsed(), options);
    } catch (const std::exception& error) {
        std::cerr << "sluice-api-check: " << error.what() << '\n';
        return 1;
    }
}
