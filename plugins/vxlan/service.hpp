// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/vxlan/ports.hpp"
#include "plugins/vxlan/segments.hpp"
#include "vnet/plugin/registry.hpp"
#include "vnet/tunnel/point_to_point.hpp"

namespace vxlan {

/// Registers the methods and who writes the configuration. All live as long as the plugin.
absl::Status register_services(vnet::plugin::Registry& registry,
                               vnet::tunnel::PointToPoint& tunnels, Segments& segments,
                               Ports& ports);

/// The UDP port of a tunnel.
uint16_t port_of(const vnet::tunnel::PointToPoint::Spec& spec) noexcept;

}  // namespace vxlan
