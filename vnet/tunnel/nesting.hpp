// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vnet::tunnel {

/// A packet is put into, and taken out of, so many tunnels of the router before it is dropped:
/// otherwise one whose tunnels lead into one another would go round in it for ever.
inline constexpr unsigned most_nesting = 4;

}  // namespace vnet::tunnel
