// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/host_table.hpp"

#include <gtest/gtest.h>

namespace bridge {
namespace {

using vnet::wire::Ip6Address;

HostKey key(uint64_t number, Index bridge = 1) {
    return {Ip6Address(0x2001'0db8'0000'0000, number), bridge};
}

struct HostTableTest : ::testing::Test {
    graph::Rcu rcu{1};
    HostTable table{rcu, 16};
};

TEST_F(HostTableTest, KnowsWhatWasPutAndForgets) {
    EXPECT_EQ(table.find(key(1)), nullptr);
    ASSERT_TRUE(table.put(key(1), {7, false, true, true}, 5));
    ASSERT_TRUE(table.put(key(1, 2), {8, true, false, true}, 5));
    EXPECT_EQ(table.find(key(1))->facts, (HostFacts{7, false, true, true}));
    EXPECT_EQ(table.find(key(1))->heard.load(), 5U);
    EXPECT_EQ(table.find(key(1, 2))->facts.mac, 8U);
    EXPECT_EQ(table.size(), 2U);
    EXPECT_TRUE(table.remove(key(1)));
    EXPECT_FALSE(table.remove(key(1)));
    EXPECT_EQ(table.find(key(1)), nullptr);
    table.remove_if([](const HostTable::Host& host) { return host.facts.fixed; });
    EXPECT_EQ(table.size(), 0U);
}

TEST_F(HostTableTest, WhoHasFoundAHostKeepsItUntilAQuiescentState) {
    ASSERT_TRUE(table.put(key(1), {7, false, false, true}, 5));
    rcu.join(0);
    rcu.online(0);
    const HostTable::Host* found = table.find(key(1));
    ASSERT_TRUE(table.put(key(1), {9, false, false, true}, 6));
    ASSERT_TRUE(table.remove(key(1)));
    EXPECT_NE(rcu.reclaim(), 0U);
    EXPECT_EQ(found->facts.mac, 7U);
    rcu.quiescent(0);
    EXPECT_EQ(rcu.reclaim(), 0U);
    rcu.offline(0);
    rcu.leave(0);
}

TEST_F(HostTableTest, RefusesBeyondItsRoomAndFindsAllTheRest) {
    uint64_t took = 0;
    for (uint64_t number = 0; number < 1000; ++number) {
        took += table.put(key(number), {number + 1, false, false, true}, 0);
    }
    EXPECT_EQ(took, table.size());
    EXPECT_LE(took, 64U);
    EXPECT_GE(took, 60U);
    uint64_t found = 0;
    for (uint64_t number = 0; number < 1000; ++number) {
        const HostTable::Host* host = table.find(key(number));
        found += host != nullptr && host->facts.mac == number + 1;
    }
    EXPECT_EQ(found, took);
}

}  // namespace
}  // namespace bridge
