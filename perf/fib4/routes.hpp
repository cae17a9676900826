// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace perf::fib4 {

struct Route {
    uint32_t address;
    uint8_t length;
    /// 1 to 64.
    uint32_t next_hop;
    uint32_t last() const noexcept { return address | uint32_t(0xffffffffULL >> length); }
};

/// So many routes to different prefixes, the same on every call, shorter prefixes first: the first
/// is the default route, then /16 to /24 at random as in path_bench's ip4-1m, every hundredth /25
/// to /32.
std::vector<Route> random_routes(size_t count);

/// Addresses that such routes are for: unicast, neither private nor local.
std::vector<uint32_t> random_addresses(size_t count, unsigned seed);

}  // namespace perf::fib4
