// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/sluiced/doctor/system.hpp"
#include "cli/sluiced/options.hpp"

namespace cli::doctor {

enum class Level {
    ok,
    /// Good to know; nothing is lost.
    note,
    /// The router starts, and something is slower or missing.
    warning,
    /// It does not start.
    error,
};
std::string_view name(Level level);

/// One thing that was looked at.
struct Finding {
    Level level = Level::ok;
    /// "hugepages", "cores": what it is about.
    std::string topic;
    std::string sentence;
    /// What it costs to leave it; empty where nothing.
    std::string cost;
    /// The command that mends it; empty where there is none.
    std::string remedy;
};
using Findings = std::vector<Finding>;

/// Looks at a system for a daemon with these options. Pure: the same system, the same findings.
Findings examine(const System& system, const Options& options);

/// The parts of it.
void examine_memory(const System& system, const Options& options, Findings& findings);
void examine_cores(const System& system, const Options& options, Findings& findings);
void examine_cpu(const System& system, Findings& findings);
void examine_devices(const System& system, const Options& options, Findings& findings);
void examine_interfaces(const System& system, const Options& options, Findings& findings);
void examine_permissions(const System& system, Findings& findings);
void examine_files(const System& system, const Options& options, Findings& findings);

/// The worst level there is.
Level worst(const Findings& findings);
/// For a person: a line for each finding, its cost and remedy below it, a sum at the end.
std::string as_text(const Findings& findings);

}  // namespace cli::doctor
