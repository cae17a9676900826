// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/nodes.hpp"
#include "vnet/plugin/registry.hpp"

namespace failing {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    (void)registry.add_node(std::make_shared<const plugins::host::testing::Leftover>());
    return absl::ResourceExhaustedError("the licence is used up; buy another");
}

}  // namespace failing
