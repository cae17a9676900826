// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/nat.hpp"
#include "vnet/plugin/registry.hpp"

namespace nat44 {

/// Puts the use of pools on the metrics page; vnet/service/METRICS.md lists the names. `nat`
/// outlives it.
absl::Status add_metrics(vnet::plugin::Registry& registry, const Nat& nat);

}  // namespace nat44
