// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "cli/sluiced/options.hpp"

namespace cli {

/// Puts the router together, runs its configuration, serves its API, until SIGINT or SIGTERM.
/// Everything is taken down in the reverse order on return. An error is one sentence for the
/// operator.
absl::Status run_daemon(const Options& options);

}  // namespace cli
