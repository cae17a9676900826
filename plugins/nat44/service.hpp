// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/nat.hpp"
#include "vnet/plugin/registry.hpp"

namespace nat44 {

/// Registers the service sluice.nat44.Nat44 and what it says in the running configuration. `nat`
/// outlives it.
absl::Status register_service(vnet::plugin::Registry& registry, Nat& nat);

}  // namespace nat44
