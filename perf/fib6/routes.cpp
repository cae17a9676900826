// SPDX-License-Identifier: Apache-2.0
#include "perf/fib6/routes.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <unordered_set>

namespace perf::fib6 {

namespace {

using vnet::wire::Ip6Address;
using vnet::wire::Ip6Prefix;

/// Of a hundred routes in the Internet's table, how many have which length, roughly.
constexpr std::array<std::pair<uint8_t, unsigned>, 14> internet_lengths = {{
    {29, 3},
    {32, 13},
    {33, 2},
    {34, 2},
    {35, 1},
    {36, 6},
    {38, 2},
    {40, 9},
    {42, 3},
    {44, 9},
    {45, 1},
    {46, 3},
    {47, 2},
    {48, 44},
}};
/// The first 12 bits of the blocks that the registries have.
constexpr std::array<uint64_t, 6> registry_blocks = {0x200, 0x240, 0x260, 0x280, 0x2a0, 0x2c0};

class Maker {
public:
    explicit Maker(Kind kind) : kind_(kind) {}

    Ip6Prefix next(size_t number) {
        if (kind_ == Kind::random) {
            constexpr std::array<uint8_t, 8> lengths = {28, 32, 36, 40, 44, 48, 56, 64};
            return Ip6Prefix({0x2000'0000'0000'0000 | random_() >> 3, random_()},
                             lengths[number % lengths.size()])
                .normalised();
        }
        return kind_ == Kind::edge && number % 3 == 2 ? local() : internet();
    }

private:
    /// One of the /32 that were given out, most of them in one of the blocks: a few hundred to each
    /// 20 bits.
    uint64_t allocation() {
        constexpr size_t allocations = 32'000;
        const size_t number = random_() % allocations;
        const uint64_t block = registry_blocks[number % 8 < 6 ? number % 8 : 4];
        return block << 52 | uint64_t(number / 8 * 32 + number % 3) << 32;
    }
    Ip6Prefix internet() {
        unsigned at = unsigned(random_() % 100);
        // What end users were given directly: /48 beside /48.
        if (at >= 90) {
            const uint64_t block = at >= 95 ? 0x2620'0000'0000'0000 : 0x2001'067c'0000'0000;
            return Ip6Prefix({block | random_() % 65536 << 16, 0}, 48);
        }
        at = at * 100 / 90;
        uint8_t length = 48;
        for (const auto& [candidate, share] : internet_lengths) {
            if (at < share) {
                length = candidate;
                break;
            }
            at -= share;
        }
        // More specific ones are near the start of what they are cut out of.
        const uint64_t within = random_() % 4 == 0 ? random_() & 0xffff0000 : random_() % 64 << 16;
        return Ip6Prefix({allocation() | within, 0}, length).normalised();
    }
    Ip6Prefix local() {
        const uint64_t network = 0x2a0e'1234'0000'0000 | random_() % 256;
        switch (random_() % 16) {
            case 0:
                return Ip6Prefix({0x2a0e'1234'0001'0000 | random_() % 65536, 0}, 64);
            case 1:
                return Ip6Prefix({0x2a0e'1234'0002'0000, random_() % 65536 * 2}, 127);
            default:
                // By the hosts' MAC addresses, or numbered.
                return Ip6Prefix(
                    {network, random_() % 2 == 0 ? random_() % 4096 : random_() | 0xfffe000000},
                    128);
        }
    }

    const Kind kind_;
    std::mt19937_64 random_{1};
};

}  // namespace

std::string name(Kind kind) {
    return kind == Kind::random ? "random" : kind == Kind::internet ? "internet" : "edge";
}

std::vector<Route> make_routes(Kind kind, size_t count) {
    Maker maker(kind);
    std::vector<Route> routes;
    std::unordered_set<Ip6Prefix> known;
    if (count != 0) {
        routes.push_back({Ip6Prefix(), 1});
    }
    for (size_t number = 0; routes.size() < count; ++number) {
        const Ip6Prefix prefix = maker.next(number);
        if (known.insert(prefix).second) {
            routes.push_back({prefix, uint32_t(2 + number % 64)});
        }
    }
    std::stable_sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) {
        return a.prefix.length() < b.prefix.length();
    });
    return routes;
}

std::vector<Ip6Address> make_addresses(const std::vector<Route>& routes, size_t count,
                                       unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<Ip6Address> addresses(count);
    std::generate(addresses.begin(), addresses.end(), [&] {
        const Ip6Prefix& prefix = routes[random() % routes.size()].prefix;
        const Ip6Address mask = prefix.mask();
        return Ip6Address(prefix.first().high() | (random() & ~mask.high()),
                          prefix.first().low() | (random() & ~mask.low()));
    });
    return addresses;
}

}  // namespace perf::fib6
