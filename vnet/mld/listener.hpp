// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/membership/listener.hpp"
#include "vnet/mld/protocol.hpp"

extern template class vnet::membership::Listener<vnet::mld::Protocol>;

namespace vnet::mld {

using membership::Clock;
/// To be made before neighbor discovery, so that a switch knows the group by which a new address is
/// asked for.
using Listener = membership::Listener<Protocol>;

}  // namespace vnet::mld
