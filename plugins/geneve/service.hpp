// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/geneve/tunnels.hpp"
#include "vnet/plugin/registry.hpp"

namespace geneve {

/// Registers the methods and who writes the configuration. `tunnels` lives as long as the plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Tunnels& tunnels);

}  // namespace geneve
