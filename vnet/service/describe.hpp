// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/neighbor/table.hpp"
#include "vnet/proto/interface.pb.h"
#include "vnet/proto/ip4.pb.h"

/// What lists and events alike say of a thing.
namespace vnet::service {

/// Without its counters.
sluice::Interface describe(const interface::Interface& interface, const ip4::Addresses& addresses);
/// `interface` is the name of the neighbour's.
sluice::Neighbor describe(const neighbor::Table::Neighbor& neighbor, std::string_view interface);
/// Fills an empty message; `interface` is the name of `match.interface`, "-" where that is 0.
void describe(const ip4::Fib::Match& match, bool used, std::string_view interface,
              sluice::Route& route);

}  // namespace vnet::service
