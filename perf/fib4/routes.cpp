// SPDX-License-Identifier: Apache-2.0
#include "perf/fib4/routes.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace perf::fib4 {

namespace {
constexpr uint32_t lowest = 0x0b000000;
constexpr uint32_t highest = 0x7effffff;
}  // namespace

std::vector<Route> random_routes(size_t count) {
    std::mt19937 random(1);
    std::uniform_int_distribution<uint32_t> address(lowest, highest);
    std::vector<Route> routes;
    std::set<std::pair<uint8_t, uint32_t>> known;
    if (count != 0) {
        routes.push_back({0, 0, 1});
    }
    while (routes.size() < count) {
        const auto length =
            uint8_t(routes.size() % 100 == 50 ? 25 + random() % 8 : 16 + random() % 9);
        const uint32_t prefix = address(random) & uint32_t(~(0xffffffffULL >> length));
        if (known.insert({length, prefix}).second) {
            routes.push_back({prefix, length, uint32_t(1 + random() % 64)});
        }
    }
    std::stable_sort(routes.begin(), routes.end(),
                     [](const Route& a, const Route& b) { return a.length < b.length; });
    return routes;
}

std::vector<uint32_t> random_addresses(size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<uint32_t> address(lowest, highest);
    std::vector<uint32_t> addresses(count);
    std::generate(addresses.begin(), addresses.end(), [&] { return address(random); });
    return addresses;
}

}  // namespace perf::fib4
