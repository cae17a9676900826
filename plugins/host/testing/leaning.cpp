// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/nodes.hpp"
#include "vnet/plugin/registry.hpp"

/// Leads packets to a node of the plugin "sieve".
namespace leaning {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    registry.link("leftover", "good-sieve");
    return registry.add_node(std::make_shared<const plugins::host::testing::Leftover>()).status();
}

}  // namespace leaning
