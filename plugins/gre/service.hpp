// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/gre/decap.hpp"
#include "plugins/gre/encap.hpp"
#include "vnet/plugin/registry.hpp"

namespace gre {

/// The nodes that count sequence numbers.
struct Sequences {
    std::shared_ptr<const GreEncap> encap;
    std::shared_ptr<const GreDecap<vnet::ip4::Family>> decap4;
    std::shared_ptr<const GreDecap<vnet::ip6::Family>> decap6;
};

/// Registers the methods and who writes the configuration. `gre` and `ipip` live as long as the
/// plugin.
absl::Status register_services(vnet::plugin::Registry& registry, vnet::tunnel::PointToPoint& gre,
                               vnet::tunnel::PointToPoint& ipip, const Sequences& sequences);

}  // namespace gre
