// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/rib.hpp"
#include "vnet/ip4/route.hpp"
#include "vnet/wire/ip4.hpp"

namespace vnet::ip4 {

/// A route with the path that it leads to.
struct HeldRoute {
    Route route;
    fib::PathIndex path;
};

/// The routes of IPv4.
using Rib = fib::Rib<wire::Ip4Prefix, HeldRoute>;

}  // namespace vnet::ip4

extern template class vnet::fib::Rib<vnet::wire::Ip4Prefix, vnet::ip4::HeldRoute>;
