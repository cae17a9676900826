// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/fib/addresses.hpp"
#include "vnet/ip6/fib.hpp"

namespace vnet::ip6 {

/// The IPv6 addresses of the router's interfaces.
using Addresses = fib::Addresses<Family>;

}  // namespace vnet::ip6

extern template class vnet::fib::Addresses<vnet::ip6::Family>;
