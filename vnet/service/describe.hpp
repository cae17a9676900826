// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "vnet/fib/any_route.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/ip6/link_locals.hpp"
#include "vnet/neighbor/cache.hpp"
#include "vnet/proto/interface.pb.h"
#include "vnet/proto/ip.pb.h"

/// What lists and events alike say of a thing.
namespace vnet::service {

/// Without its counters, in the VRF of that name; with the addresses of both families, those that
/// are made of its MAC address left out.
sluice::Interface describe(const interface::Interface& interface, const ip4::Addresses& addresses,
                           const ip6::Addresses& addresses6, const ip6::LinkLocals& link_locals,
                           const std::string& vrf);
/// `interface` is the name of the neighbour's.
template <class Address>
sluice::Neighbor describe(const neighbor::Neighbor<Address>& neighbor, std::string_view interface);
/// Fills an empty message. `where` is the name of `route.interface`, "-" where that is 0, or of the
/// VRF or group that it leads to; `vrf` is that of the VRF that it is in.
void describe(const fib::AnyRoute& route, bool used, std::string_view where, std::string_view vrf,
              sluice::Route& message);

}  // namespace vnet::service
