// SPDX-License-Identifier: Apache-2.0
#include "graph/driver.hpp"
#include "vnet/plugin/registry.hpp"

/// Wants to be a node that is there already.
namespace thief {

namespace {

struct Lookup {
    static constexpr auto info = graph::node("ip4-lookup");
    graph::Hop operator()(graph::Packet& packet, graph::Dispatch& dispatch) const noexcept {
        return dispatch.next_feature(packet);
    }
};

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    return registry.add_node(std::make_shared<const Lookup>()).status();
}

}  // namespace thief
