// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "plugins/host/testing/nodes.hpp"
#include "vnet/plugin/registry.hpp"

namespace throwing {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    (void)registry.add_node(std::make_shared<const plugins::host::testing::Leftover>());
    throw std::runtime_error("the sky fell");
}

}  // namespace throwing
