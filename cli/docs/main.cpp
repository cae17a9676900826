// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/docs/html.hpp"
#include "cli/docs/man.hpp"

namespace cli::docs {
namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    if (!in || !(text << in.rdbuf())) {
        throw std::runtime_error(path.string() + " cannot be read");
    }
    return text.str();
}

void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    if (!(out << text).flush()) {
        throw std::runtime_error(path.string() + " cannot be written");
    }
}

int run(const std::string& descriptors, const std::string& version,
        const std::vector<std::string>& pages, const std::filesystem::path& out) {
    const Book book(descriptors, version);
    if (const auto lacking = book.without_comment(); !lacking.empty()) {
        for (const std::string& line : lacking) {
            std::cerr << line << " has no comment\n";
        }
        std::cerr << "The comments of the .proto files are the manual: say what each of these is, "
                     "its unit, its "
                     "range and its default.\n";
        return 1;
    }
    // Each as "TEMPLATE=HELP": a page written by hand, and what its program prints for --help.
    for (const std::string& page : pages) {
        const std::size_t sign = page.find('=');
        const std::filesystem::path source = page.substr(0, sign);
        const std::string help = sign == std::string::npos ? "" : read(page.substr(sign + 1));
        write(out / "man" / source.stem(), fill_page(read(source), book, help));
    }
    write(out / "man" / "sluice-commands.7", commands_page(book));
    write_reference(book, out / "reference");
    return 0;
}

}  // namespace
}  // namespace cli::docs

int main(int argc, char** argv) {
    std::string descriptors;
    std::string version;
    std::string out;
    std::vector<std::string> pages;
    CLI::App app("Writes the manual pages and the web reference of Sluice from its .proto files.");
    app.add_option("--descriptors", descriptors, "What protoc wrote, with comments and imports")
        ->required();
    app.add_option("--version-of-product", version, "Stands in the pages")->required();
    app.add_option("--page", pages, "TEMPLATE.in=HELP: a page, and its program's --help")
        ->allow_extra_args(false);
    app.add_option("--out", out, "The folder to write to")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        return cli::docs::run(descriptors, version, pages, out);
    } catch (const std::exception& error) {
        std::cerr << "sluice-docs: " << error.what() << '\n';
        return 1;
    }
}
