// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/fib/fib.hpp"
#include "vnet/ip4/family.hpp"

namespace vnet::ip4 {

using fib::RouteSource;
using Via = fib::Via<wire::Ip4Address>;
using Route = fib::Route<wire::Ip4Address>;
/// The IPv4 routes of one VRF.
using Fib = fib::Fib<Family>;

}  // namespace vnet::ip4

extern template class vnet::fib::Fib<vnet::ip4::Family>;
