// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/bridge/bridges.hpp"
#include "vnet/plugin/registry.hpp"

namespace bridge {

/// Registers the methods of sluice.bridge and the running configuration. The bridges live as long
/// as the registry's plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Bridges& bridges);

}  // namespace bridge
