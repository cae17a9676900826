// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/punt/interface.hpp"
#include "vnet/plugin/registry.hpp"

namespace punt {

/// Registers the methods of sluice.punt and the running configuration. `kernel` lives as long as
/// the registry's plugin.
absl::Status register_service(vnet::plugin::Registry& registry, KernelInterface& kernel);

}  // namespace punt
