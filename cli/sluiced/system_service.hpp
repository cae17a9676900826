// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string_view>

#include "api/registry.hpp"
#include "cli/sluiced/options.hpp"

namespace cli {

/// "0.1.0"
std::string_view product_version();

/// The service sluice.System, of a daemon with these options.
absl::Status register_system(api::Registry& registry, const Options& options);

/// `sluiced --doctor`: writes to stdout what of this machine keeps a daemon with these options from
/// running well, as lines for a person or as a JSON array. False where something keeps it from
/// running at all.
bool run_doctor(const Options& options, bool json);

}  // namespace cli
