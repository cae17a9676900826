// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/options.hpp"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "api/metrics/endpoint.hpp"
#include "graph/limits.hpp"

namespace cli {

namespace {
constexpr unsigned least_memory_mb = 64;
constexpr unsigned least_buffers = 1024;
constexpr unsigned most_core = 1023;
}  // namespace

absl::StatusOr<std::vector<unsigned>> parse_cores(const std::string& text) {
    const auto wrong = [&] {
        return absl::InvalidArgumentError(
            fmt::format("'{}' is not a list of cores; give numbers and ranges, as in 0,2-4", text));
    };
    std::vector<unsigned> cores;
    for (const auto part : absl::StrSplit(text, ',')) {
        const std::vector<std::string> ends = absl::StrSplit(part, '-');
        unsigned first = 0;
        unsigned last = 0;
        if (ends.size() > 2 || !absl::SimpleAtoi(ends.front(), &first) ||
            !absl::SimpleAtoi(ends.back(), &last) || first > last || last > most_core) {
            return wrong();
        }
        for (unsigned core = first; core <= last; ++core) {
            if (std::find(cores.begin(), cores.end(), core) != cores.end()) {
                return absl::InvalidArgumentError(
                    fmt::format("core {} is named twice in '{}'", core, text));
            }
            cores.push_back(core);
        }
    }
    return cores;
}

absl::Status check(const Options& options) {
    if (options.workers == 0 || options.workers > graph::max_workers) {
        return absl::OutOfRangeError(
            fmt::format("--workers {}: there may be 1 to {}", options.workers, graph::max_workers));
    }
    if (!options.cores.empty() && options.cores.size() != options.workers) {
        return absl::InvalidArgumentError(
            fmt::format("--cores names {} for {} workers; name a core for each",
                        options.cores.size(), options.workers));
    }
    if (options.memory_mb < least_memory_mb) {
        return absl::OutOfRangeError(fmt::format("--memory {}: at least {} MB are needed",
                                                 options.memory_mb, least_memory_mb));
    }
    if (options.buffers < least_buffers) {
        return absl::OutOfRangeError(
            fmt::format("--buffers {}: at least {} are needed", options.buffers, least_buffers));
    }
    if (auto servers = server_options(options.socket, options.api); !servers.ok()) {
        return servers.status();
    }
    if (!options.metrics.empty()) {
        if (auto endpoint = api::metrics::parse_endpoint(options.metrics); !endpoint.ok()) {
            return absl::InvalidArgumentError(
                fmt::format("--metrics {}", std::string(endpoint.status().message())));
        }
    }
    return absl::OkStatus();
}

std::string default_plugin_path() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto prefix = program.parent_path().parent_path();
    const auto built = prefix / "lib" / "sluice" / "plugins";
    return std::filesystem::is_directory(built, error) ? built.string()
                                                       : (prefix / SLUICE_PLUGIN_DIR).string();
}

}  // namespace cli
