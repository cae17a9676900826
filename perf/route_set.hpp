// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vnet/wire/ip4.hpp"

namespace perf {

/// In which order routes come: as an operator's file has them, or as neighbours tell them.
enum class Order { sorted, random };

/// Different prefixes, with lengths spread about as in the Internet's table of 2024 (six in ten are
/// /24, one in five /22 or /23, the rest /16 to /21), in unicast space without 10.0.0.0/8 and
/// 127.0.0.0/8. The same ones each time. At most 4 million.
std::vector<vnet::wire::Ip4Prefix> make_routes(size_t count, Order order);

}  // namespace perf
