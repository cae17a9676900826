// SPDX-License-Identifier: Apache-2.0
#include "perf/route_set.hpp"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <random>

namespace perf {

using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

namespace {

uint8_t length_of(uint32_t percentile) {
    if (percentile < 60) {
        return 24;
    }
    if (percentile < 80) {
        return uint8_t(22 + percentile % 2);
    }
    return uint8_t(16 + percentile % 6);
}

}  // namespace

std::vector<Ip4Prefix> make_routes(size_t count, Order order) {
    std::mt19937 random(1);
    std::vector<Ip4Prefix> routes;
    routes.reserve(count);
    absl::flat_hash_set<Ip4Prefix> known;
    known.reserve(count);
    while (routes.size() < count) {
        const uint32_t address = random();
        const uint32_t network = address >> 24;
        if (network < 1 || network > 223 || network == 10 || network == 127) {
            continue;
        }
        const Ip4Prefix prefix =
            Ip4Prefix(Ip4Address(address), length_of(random() % 100)).normalised();
        if (known.insert(prefix).second) {
            routes.push_back(prefix);
        }
    }
    if (order == Order::sorted) {
        std::sort(routes.begin(), routes.end());
    }
    return routes;
}

}  // namespace perf
