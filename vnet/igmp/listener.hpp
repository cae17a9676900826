// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/igmp/protocol.hpp"
#include "vnet/membership/listener.hpp"

extern template class vnet::membership::Listener<vnet::igmp::Protocol>;

namespace vnet::igmp {

using membership::Clock;
using Listener = membership::Listener<Protocol>;

}  // namespace vnet::igmp
