// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plugins/nat44/log.hpp"
#include "plugins/nat44/nat.hpp"
#include "vnet/plugin/registry.hpp"

namespace nat44 {

/// Registers what concerns the log of the service sluice.nat44.Nat44: a collector, and clients that
/// follow it. `nat` outlives it.
absl::Status register_log_service(vnet::plugin::Registry& registry, const Nat& nat,
                                  const std::shared_ptr<Log>& log);

}  // namespace nat44
