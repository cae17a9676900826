// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/nat.hpp"
#include "vnet/plugin/registry.hpp"

namespace nat44 {

/// Registers what the service sluice.nat44.Nat44 tells of who uses how much: addresses, hosts,
/// mappings. `nat` outlives it.
absl::Status register_use_service(vnet::plugin::Registry& registry, const Nat& nat);

}  // namespace nat44
