// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace api {
class Registry;
}

namespace api::metrics {

/// Adds to the registry's metrics what is counted of its own methods: calls, refusals, time.
absl::Status add_api_metrics(Registry& registry);

}  // namespace api::metrics
