// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/wire/ethernet.hpp"

namespace vnet::wire {

/// The type of a whole Ethernet frame, where a tunnel's header says what is behind it (RFC 1701,
/// RFC 7637 3.2, RFC 8926 3.4).
inline constexpr auto transparent_bridging = EtherType(0x6558);

}  // namespace vnet::wire
