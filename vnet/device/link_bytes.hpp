// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vnet::device {

/// Bytes in front of a layer-3 packet: the Ethernet header, and two VLAN tags.
inline constexpr uint32_t ethernet_bytes = 14;
inline constexpr uint32_t vlan_bytes = 8;
/// The largest MTU of a device whose packets may lie in several buffers: what switches carry.
inline constexpr uint32_t jumbo_mtu = 9216;

}  // namespace vnet::device
