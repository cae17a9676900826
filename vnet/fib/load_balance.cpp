// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/load_balance.hpp"

template void graph::drive<vnet::fib::LoadBalance<vnet::ip4::Family>>(const void*, graph::Dispatch&,
                                                                      graph::Frame&) noexcept;
template void graph::drive<vnet::fib::LoadBalance<vnet::ip6::Family>>(const void*, graph::Dispatch&,
                                                                      graph::Frame&) noexcept;
