// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/fib/addresses.hpp"
#include "vnet/ip4/fib.hpp"

namespace vnet::ip4 {

/// The IPv4 addresses of the router's interfaces.
using Addresses = fib::Addresses<Family>;

}  // namespace vnet::ip4

extern template class vnet::fib::Addresses<vnet::ip4::Family>;
