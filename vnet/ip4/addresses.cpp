// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/addresses.hpp"

#include "vnet/fib/addresses_body.hpp"

template class vnet::fib::Addresses<vnet::ip4::Family>;
