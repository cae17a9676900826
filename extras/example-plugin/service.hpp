// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "floors.hpp"
#include "vnet/plugin/registry.hpp"

namespace ttl_guard {

/// Registers the methods of ttl_guard.proto, and who writes the floors into the configuration.
/// `floors` must live as long as the plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Floors& floors);

/// An interface is about to go: its index may soon be another's.
void forget(vnet::plugin::Registry& registry, Floors& floors, Index interface);

}  // namespace ttl_guard
