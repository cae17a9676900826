// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/fib/fib.hpp"
#include "vnet/ip6/family.hpp"

namespace vnet::ip6 {

using fib::RouteSource;
using Via = fib::Via<wire::Ip6Address>;
using Route = fib::Route<wire::Ip6Address>;
/// The IPv6 routes of one VRF. Link-local prefixes in it are scoped, see scope.hpp.
using Fib = fib::Fib<Family>;

}  // namespace vnet::ip6

extern template class vnet::fib::Fib<vnet::ip6::Family>;
