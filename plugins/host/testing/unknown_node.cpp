// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/nodes.hpp"
#include "vnet/plugin/registry.hpp"

namespace unknown_node {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    return registry.add_node(std::make_shared<const plugins::host::testing::Lost>()).status();
}

}  // namespace unknown_node
