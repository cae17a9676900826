// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string_view>

#include "api/registry.hpp"

namespace cli {

/// "0.1.0"
std::string_view product_version();

/// The service sluice.System.
absl::Status register_system(api::Registry& registry);

}  // namespace cli
