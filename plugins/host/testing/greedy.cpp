// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "vnet/plugin/registry.hpp"

/// Wants more of each packet than there is.
namespace greedy {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    return registry.add_slot<std::array<std::byte, 4096>>("hoard").status();
}

}  // namespace greedy
