// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/rib.hpp"

template class vnet::fib::Rib<vnet::wire::Ip4Prefix, vnet::ip4::HeldRoute>;
