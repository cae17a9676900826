// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/fib.hpp"

#include "vnet/fib/fib_body.hpp"

template class vnet::fib::Fib<vnet::ip4::Family>;
