// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/crash_files.hpp"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <system_error>
#include <utility>
#include <vector>

namespace cli {

namespace fs = std::filesystem;

void keep_last_reports(const std::string& directory, std::size_t most) {
    // As CrashReport names them, with the seconds since 1970 first.
    static const std::regex pattern("crash-([0-9]{1,18})-[0-9]+\\.txt");
    std::error_code error;
    std::error_code ignored;
    std::vector<std::pair<long long, fs::path>> reports;
    if (directory.empty()) {
        return;
    }
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::smatch match;
        if (std::regex_match(name, match, pattern) && entry->is_regular_file(ignored)) {
            reports.emplace_back(std::stoll(match[1].str()), entry->path());
        }
    }
    std::sort(reports.begin(), reports.end());
    for (std::size_t i = 0; i + most < reports.size(); ++i) {
        fs::remove(reports[i].second, ignored);
    }
}

}  // namespace cli
