// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/sluiced/doctor/system.hpp"
#include "cli/sluiced/options.hpp"

namespace cli::doctor {

/// What stands in files: /sys, /proc and /dev below `root`, which is "" but for tests. What is not
/// there is left as it is in a System that nobody has looked at.
void probe_files(const std::string& root, System& system);
/// What only the kernel tells: capabilities, limits, offloads, the socket's lock, folders.
void probe_process(const Options& options, System& system);

/// All of this machine.
System probe(const Options& options);

}  // namespace cli::doctor
