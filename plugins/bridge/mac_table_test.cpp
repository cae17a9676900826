// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/mac_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "graph/testing/bench.hpp"
#include "plugins/bridge/learner.hpp"
#include "plugins/bridge/ports.hpp"

namespace bridge {
namespace {

Station at(Index bridge, uint64_t mac) {
    return station(bridge, vnet::wire::MacAddress::from_uint64(mac));
}

struct MacTableTest : ::testing::Test {
    graph::Rcu rcu{1};
    MacTable table{rcu, 64};
};

TEST_F(MacTableTest, KnowsStationsByTheirBridge) {
    EXPECT_EQ(table.find(at(1, 7)), nullptr);
    EXPECT_TRUE(table.put(at(1, 7), 5, false, 100));
    EXPECT_TRUE(table.put(at(2, 7), 6, true, 100));
    ASSERT_NE(table.find(at(1, 7)), nullptr);
    EXPECT_EQ(table.find(at(1, 7))->interface(), 5U);
    EXPECT_FALSE(table.find(at(1, 7))->fixed());
    EXPECT_EQ(table.find(at(2, 7))->interface(), 6U);
    EXPECT_TRUE(table.find(at(2, 7))->fixed());
    EXPECT_EQ(table.find(at(3, 7)), nullptr);
}

TEST_F(MacTableTest, MovesAStationInItsPlace) {
    table.put(at(1, 7), 5, false, 100);
    const MacTable::Entry* entry = table.find(at(1, 7));
    table.put(at(1, 7), 6, false, 101);
    EXPECT_EQ(table.find(at(1, 7)), entry);
    EXPECT_EQ(entry->interface(), 6U);
    EXPECT_EQ(table.size(), 1U);
}

TEST_F(MacTableTest, UsesAPlaceAgainOnlyBehindAGracePeriod) {
    table.put(at(1, 7), 5, false, 100);
    MacTable::Entry* entry = table.find(at(1, 7));
    EXPECT_TRUE(table.remove(at(1, 7)));
    EXPECT_FALSE(table.remove(at(1, 7)));
    EXPECT_EQ(table.find(at(1, 7)), nullptr);
    EXPECT_NE(entry->station.load(), 0U);
    rcu.flush();
    EXPECT_EQ(entry->station.load(), 0U);
}

TEST_F(MacTableTest, SaysWhenItIsFull) {
    size_t taken = 0;
    for (uint64_t mac = 1; mac <= 1000; ++mac) {
        taken += table.put(at(1, mac), 5, false, 1);
    }
    EXPECT_EQ(taken, table.size());
    EXPECT_LE(taken, table.capacity());
    EXPECT_GT(taken, table.capacity() / 2);
    EXPECT_TRUE(table.put(at(1, 1), 9, false, 1)) << "one that is there is no matter of room";
}

TEST_F(MacTableTest, LivesLikeAMap) {
    MacTable large(rcu, 4096);
    std::map<Station, Index> map;
    std::mt19937 random(1);
    for (int i = 0; i < 100'000; ++i) {
        const Station one = at(1 + random() % 3, random() % 2000);
        if (random() % 3 == 0) {
            EXPECT_EQ(large.remove(one), map.erase(one) == 1);
        } else {
            const Index interface = 1 + random() % 100;
            ASSERT_TRUE(large.put(one, interface, false, 1));
            map[one] = interface;
        }
        if (i % 64 == 0) {
            rcu.flush();
        }
    }
    for (Index bridge = 1; bridge <= 3; ++bridge) {
        for (uint64_t mac = 0; mac < 2000; ++mac) {
            const auto known = map.find(at(bridge, mac));
            MacTable::Entry* entry = large.find(at(bridge, mac));
            ASSERT_EQ(entry != nullptr, known != map.end());
            if (entry != nullptr) {
                EXPECT_EQ(entry->interface(), known->second);
            }
        }
    }
    large.remove_if([](Station, const auto& entry) { return entry.interface() % 2 == 0; });
    std::erase_if(map, [](const auto& entry) { return entry.second % 2 == 0; });
    EXPECT_EQ(large.size(), map.size());
    large.visit([&](Station one, const auto& entry) { EXPECT_EQ(map[one], entry.interface()); });
}

TEST(Learner, TellsOnceForAWhile) {
    Learner<HeardStation> learner(2);
    constexpr uint64_t later = uint64_t(1) << 27;
    learner.tell(0, {at(1, 7), 5}, 1000);
    learner.tell(0, {at(1, 7), 5}, 2000);
    learner.tell(0, {at(1, 7), 6}, 2000);
    learner.tell(1, {at(1, 7), 5}, 2000);
    learner.tell(0, {at(1, 7), 6}, later);
    std::vector<Index> heard;
    learner.drain([&](const auto& one) { heard.push_back(one.what.interface); });
    EXPECT_EQ(heard, (std::vector<Index>{5, 6, 6, 5}));
    learner.drain([&](const auto&) { FAIL(); });
}

TEST(Learner, CountsWhatFindsNoRoom) {
    Learner<HeardStation> learner(1);
    for (uint64_t mac = 0; mac < 100'000; ++mac) {
        learner.tell(0, {at(1, mac), 5}, 1000);
    }
    uint64_t heard = 0;
    learner.drain([&](const auto&) { ++heard; });
    EXPECT_GT(heard, 1000U);
    EXPECT_EQ(heard + learner.overflow(), 100'000U);
}

TEST(Learner, IsToldNothingByADryRun) {
    Learner<HeardStation> learner(1);
    EXPECT_TRUE(learner.serves(0));
    EXPECT_FALSE(learner.serves(1));
    learner.tell(1, {at(1, 7), 5}, 1000);
    learner.drain([&](const auto&) { FAIL(); });
}

TEST(Ports, LimitsAStormToItsRate) {
    graph::testing::start_eal();
    Ports ports(1);
    EXPECT_TRUE(ports.may_flood(0, 3, 1));
    ports.set(3, 9, {0, 1000, true});
    const uint64_t hz = rte_get_tsc_hz();
    uint64_t passed = 0;
    // A frame each 10 us for two seconds.
    for (uint64_t i = 0; i < 200'000; ++i) {
        passed += ports.may_flood(0, 3, hz + i * hz / 100'000);
    }
    EXPECT_GE(passed, 2000U);
    EXPECT_LE(passed, 2101U);
    ports.set(3, 9, {0, 0, true});
    EXPECT_TRUE(ports.may_flood(0, 3, hz));
}

}  // namespace
}  // namespace bridge
