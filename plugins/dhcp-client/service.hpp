// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/dhcp-client/clients.hpp"
#include "vnet/plugin/registry.hpp"

namespace dhcp_client {

/// Registers the methods of sluice.dhcp_client and the running configuration. `clients` live as
/// long as the registry's plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Clients& clients);

}  // namespace dhcp_client
