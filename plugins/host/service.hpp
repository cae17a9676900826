// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "api/registry.hpp"
#include "plugins/host/loader.hpp"

namespace plugins::host {

/// Registers sluice.Plugins, and has the router's journal tell of plugins. `host` must outlive the
/// service's calls.
absl::Status register_service(api::Registry& api, Host& host);

}  // namespace plugins::host
