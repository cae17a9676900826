// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/vlan/interfaces.hpp"
#include "vnet/plugin/registry.hpp"

namespace vlan {

/// Registers the methods of sluice.vlan and the running configuration. The interfaces live as long
/// as the registry's plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Interfaces& interfaces);

}  // namespace vlan
