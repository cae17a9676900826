// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/fib.hpp"

#include "vnet/fib/fib_body.hpp"

template class vnet::fib::Fib<vnet::ip6::Family>;
