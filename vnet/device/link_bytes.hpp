// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vnet::device {

/// Bytes in front of a layer-3 packet: the Ethernet header, and two VLAN tags.
inline constexpr uint32_t ethernet_bytes = 14;
inline constexpr uint32_t vlan_bytes = 8;

}  // namespace vnet::device
