// SPDX-License-Identifier: Apache-2.0
#include "vnet/plugin/registry.hpp"

/// Calls what nobody defines.
namespace missing_symbol {

absl::Status nobody_defines_this(vnet::plugin::Registry& registry);

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    return nobody_defines_this(registry);
}

}  // namespace missing_symbol
