// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/testing/nodes.hpp"
#include "vnet/plugin/registry.hpp"

/// The node of the plugin "good", without messages: so that each test can have a copy.
namespace sieve {

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    return registry.add_node(std::make_shared<const plugins::host::testing::Sieve>()).status();
}

}  // namespace sieve
