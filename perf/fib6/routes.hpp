// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vnet/wire/ip6.hpp"

namespace perf::fib6 {

struct Route {
    vnet::wire::Ip6Prefix prefix;
    /// 2 to 65; the default route has 1.
    uint32_t next_hop;
};

/// Which routes, and where to.
enum class Kind : uint8_t {
    random,    ///< 8 lengths, /28 to /64, all bits random within 2000::/3
    internet,  ///< lengths as in the Internet's table, close together as registries give them out
    edge,      ///< the same, and half as many again /64 networks, /127 links and /128 neighbours
};
[[nodiscard]] std::string name(Kind kind);

/// So many routes to different prefixes, the same on every call, shorter prefixes first; the first
/// is the default route.
[[nodiscard]] std::vector<Route> make_routes(Kind kind, size_t count);

/// Addresses within routes picked at random.
[[nodiscard]] std::vector<vnet::wire::Ip6Address> make_addresses(const std::vector<Route>& routes,
                                                                 size_t count, unsigned seed);

}  // namespace perf::fib6
