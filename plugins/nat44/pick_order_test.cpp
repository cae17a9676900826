// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pick_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace nat44 {
namespace {

constexpr uint32_t base = 0xc6336400;  // 198.51.100.0

AddressRange range(uint32_t first, uint32_t last) {
    return {Ip4Address(base + first), Ip4Address(base + last)};
}
void add(PickOrder& order, uint32_t first, uint32_t last) {
    std::vector<OutsideAddress> addresses;
    for (uint32_t i = first; i <= last; ++i) {
        addresses.push_back({Ip4Address(base + i), uint16_t(i), 0});
    }
    order.add(addresses);
}

constexpr uint32_t hosts = 20'000;
std::vector<Ip4Address> picks(const PickOrder& order) {
    std::vector<Ip4Address> picked;
    for (uint32_t host = 0; host < hosts; ++host) {
        picked.push_back(order.pick(0x0a000000 + host)->address);
    }
    return picked;
}

/// Every address has about as many hosts.
void expect_even(const PickOrder& order) {
    std::map<Ip4Address, unsigned> of;
    for (const Ip4Address address : picks(order)) {
        ++of[address];
    }
    ASSERT_EQ(of.size(), order.size());
    const double mean = double(hosts) / double(order.size());
    for (const auto& [address, times] : of) {
        EXPECT_NEAR(times, mean, 0.5 * mean) << address;
    }
}

TEST(PickOrder, HasNoneWhereThereIsNone) {
    PickOrder order;
    EXPECT_EQ(order.pick(1), nullptr);
    add(order, 5, 5);
    EXPECT_EQ(order.pick(1)->number, 5);
    order.remove(range(0, 9));
    EXPECT_EQ(order.pick(1), nullptr);
    EXPECT_TRUE(order.places().empty());
}

TEST(PickOrder, SpreadsHostsEvenly) {
    for (const uint32_t addresses : {1u, 2u, 3u, 7u, 16u, 100u}) {
        PickOrder order;
        add(order, 0, addresses - 1);
        expect_even(order);
    }
}

TEST(PickOrder, OnlyNewAddressesGetHosts) {
    PickOrder order;
    add(order, 0, 39);
    const auto before = picks(order);
    add(order, 40, 49);
    const auto after = picks(order);
    unsigned moved = 0;
    for (uint32_t host = 0; host < hosts; ++host) {
        if (before[host] != after[host]) {
            ++moved;
            EXPECT_TRUE(range(40, 49).contains(after[host]));
        }
    }
    EXPECT_NEAR(moved, hosts / 5, hosts / 20);
    expect_even(order);
}

TEST(PickOrder, OnlyRemovedAddressesLoseHosts) {
    PickOrder order;
    add(order, 0, 49);
    const auto before = picks(order);
    order.remove(range(10, 19));
    const auto between = picks(order);
    for (uint32_t host = 0; host < hosts; ++host) {
        EXPECT_TRUE(before[host] == between[host] || range(10, 19).contains(before[host]));
        EXPECT_FALSE(range(10, 19).contains(between[host]));
    }
    expect_even(order);
    // What comes takes the empty places, and so the hosts that had the old ones.
    add(order, 100, 109);
    const auto after = picks(order);
    for (uint32_t host = 0; host < hosts; ++host) {
        EXPECT_EQ(after[host] == before[host], !range(10, 19).contains(before[host]));
        EXPECT_EQ(range(100, 109).contains(after[host]), range(10, 19).contains(before[host]));
    }
    expect_even(order);
}

TEST(PickOrder, StaysEvenWhenMostAreRemoved) {
    PickOrder order;
    add(order, 0, 99);
    for (uint32_t i = 0; i < 96; ++i) {
        order.remove(range(i * 37 % 100, i * 37 % 100));
        ASSERT_EQ(order.size(), 99 - i);
        ASSERT_GE(2 * order.size() + 1, order.places().size());
    }
    expect_even(order);
}

}  // namespace
}  // namespace nat44
