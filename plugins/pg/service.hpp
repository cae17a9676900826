// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "plugins/pg/generators.hpp"
#include "plugins/pg/interfaces.hpp"
#include "vnet/plugin/registry.hpp"

namespace pg {

/// Registers sluice.pg.PacketGenerator. Its handlers refer to both, which the registry keeps: a
/// method that was retired may be held by a call for a while, but it never runs.
absl::Status register_service(vnet::plugin::Registry& registry, Interfaces& interfaces,
                              Generators& generators);

}  // namespace pg
