// SPDX-License-Identifier: Apache-2.0
#include "cli/compat/accept.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <stdexcept>

#include "cli/compat/names.hpp"

namespace cli::compat {

using google::protobuf::FileDescriptor;
using schema::Schema;

namespace {

constexpr const char* preface =
    "// SPDX-License-Identifier: Apache-2.0\n"
    "// What is released, as sluice-api-check writes it, never edited by hand: see "
    "cli/compat/README.md.\n";

std::vector<std::string> items_of(const Schema& schema) {
    std::vector<std::string> all;
    for (const FileDescriptor* file : schema.files()) {
        for (std::string& item : items(*file)) {
            all.push_back(std::move(item));
        }
    }
    return all;
}

void add_missing(const char* sign, const std::vector<std::string>& from,
                 const std::vector<std::string>& other, std::vector<std::string>& lines) {
    const std::set<std::string> there(other.begin(), other.end());
    for (const std::string& item : from) {
        if (!there.contains(item)) {
            lines.push_back(sign + item);
        }
    }
}

}  // namespace

std::vector<std::string> differences(const Schema& released, const Schema& now) {
    const std::vector<std::string> then_items = items_of(released);
    const std::vector<std::string> now_items = items_of(now);
    std::vector<std::string> lines;
    add_missing("- ", then_items, now_items, lines);
    add_missing("+ ", now_items, then_items, lines);
    return lines;
}

std::vector<std::string> released_files(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    if (std::filesystem::is_directory(folder)) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (entry.path().extension() == ".proto") {
                names.push_back(entry.path().lexically_relative(folder).generic_string());
            }
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

void write_released(const Schema& now, const std::filesystem::path& folder) {
    for (const std::string& name : released_files(folder)) {
        std::filesystem::remove(folder / name);
    }
    for (const FileDescriptor* file : now.files()) {
        const std::filesystem::path path = folder / file->name();
        std::filesystem::create_directories(path.parent_path());
        std::ofstream out(path, std::ios::binary);
        if (!(out << preface << file->DebugString()).flush()) {
            throw std::runtime_error(path.string() + " cannot be written");
        }
    }
}

}  // namespace cli::compat
