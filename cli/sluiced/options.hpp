// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/sluiced/api_options.hpp"

namespace cli {

/// What the daemon is told on its command line.
struct Options {
    /// A file of command lines that are run before the API is served; none where it is empty.
    std::string config;
    std::string socket = "/run/sluice/api.sock";
    ApiOptions api;
    unsigned workers = 1;
    /// One for each worker; not pinned where it is empty.
    std::vector<unsigned> cores;
    unsigned memory_mb = 256;
    unsigned buffers = 16384;
    bool no_huge = false;
    bool pci = false;
    /// Folders that plugins are looked for in.
    std::vector<std::string> plugin_paths;
    /// Plugins without which the daemon does not start.
    std::vector<std::string> required_plugins;
    std::string log_level = "info";
    /// Where metrics are served, as api::metrics::parse_endpoint() reads it; nowhere where it is
    /// empty.
    std::string metrics;
    /// Where a report goes when the daemon crashes; to the log alone where it is empty.
    std::string crash_directory;
};

/// Checks what no parser of single options can see; the sentence names the option.
absl::Status check(const Options& options);

/// Reads "0,2-4".
absl::StatusOr<std::vector<unsigned>> parse_cores(const std::string& text);

/// The folder of plugins as it lies to this program where it was built, else where it is installed,
/// under whatever prefix.
std::string default_plugin_path();

}  // namespace cli
