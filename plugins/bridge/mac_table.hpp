// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/learning/mac_table.hpp"

namespace bridge {

using vnet::interface::Index;
using vnet::learning::MacTable;
using vnet::learning::Station;
using vnet::learning::station;
using vnet::learning::Tick;
using vnet::learning::tick_of;

}  // namespace bridge
