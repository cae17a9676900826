// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/adjacency.hpp"

#include <gtest/gtest.h>

namespace vnet::fib {
namespace {

Adjacency to(uint32_t next_hop) {
    Adjacency adjacency;
    adjacency.action = Action::forward;
    adjacency.set_next_hop(wire::Ip4Address(next_hop));
    return adjacency;
}

class ForwardingTableTest : public ::testing::Test {
protected:
    uint32_t next_hop(PathIndex path) {
        return table_.adjacency(table_.at(path)).ip4_next_hop().value();
    }
    graph::Rcu rcu_{1};
    ForwardingTable table_{rcu_};
};

TEST_F(ForwardingTableTest, PathZeroIsNoRoute) {
    EXPECT_EQ(table_.adjacency(table_.at(0)).action, Action::no_route);
    EXPECT_EQ(table_.paths_in_use(), 1u);
    table_.set_no_route(to(5));
    EXPECT_EQ(next_hop(0), 5u);
    table_.release(0);
    rcu_.flush();
    EXPECT_EQ(table_.paths_in_use(), 1u);
}

TEST_F(ForwardingTableTest, APathTurnsAndIsGivenBack) {
    const PathIndex one = table_.make(to(1));
    const PathIndex two = table_.make(to(2));
    EXPECT_NE(one, two);
    table_.turn(one, to(3));
    EXPECT_EQ(next_hop(one), 3u);
    EXPECT_EQ(next_hop(two), 2u);
    table_.release(one);
    rcu_.flush();
    EXPECT_EQ(table_.paths_in_use(), 2u);
    EXPECT_EQ(table_.make(to(4)), one);
}

TEST_F(ForwardingTableTest, NothingIsUsedAgainBeforeTheWorkersAreQuiet) {
    rcu_.join(0);
    rcu_.online(0);
    const PathIndex path = table_.make(to(1));
    const AdjacencyIndex held = table_.at(path);
    table_.turn(path, to(2));
    table_.release(path);
    for (unsigned i = 0; i < 100; ++i) {
        rcu_.reclaim();
        EXPECT_NE(table_.make(to(100 + i)), path);
    }
    EXPECT_EQ(table_.adjacency(held).ip4_next_hop(), wire::Ip4Address(1));
    rcu_.quiescent(0);
    rcu_.reclaim();
    EXPECT_EQ(table_.make(to(7)), path);
    rcu_.offline(0);
    rcu_.leave(0);
}

TEST_F(ForwardingTableTest, AMillionTurnsNeedNoMorePlace) {
    const PathIndex path = table_.make(to(1));
    for (uint32_t i = 0; i < 3 * ForwardingTable::capacity; ++i) {
        table_.turn(path, to(i));
    }
    EXPECT_EQ(next_hop(path), 3 * ForwardingTable::capacity - 1);
}

TEST_F(ForwardingTableTest, AFullTableSaysSoAndTurnsAllTheSame) {
    PathIndex last = 0;
    for (size_t i = 1; i < ForwardingTable::capacity; ++i) {
        last = table_.make(to(uint32_t(i)));
        ASSERT_EQ(last, i);
    }
    EXPECT_EQ(table_.make(to(1)), 0u);
    table_.turn(last, to(77));
    EXPECT_EQ(next_hop(last), 77u);
    table_.release(last);
    // The place comes back at once, no timer is waited for.
    EXPECT_EQ(table_.make(to(78)), last);
    EXPECT_EQ(next_hop(last), 78u);
}

TEST_F(ForwardingTableTest, MemoryIsGivenBackAndUsedAgain) {
    for (unsigned round = 0; round < 3; ++round) {
        std::vector<PathIndex> paths;
        for (uint32_t i = 0; i < 1000; ++i) {
            paths.push_back(table_.make(to(i)));
        }
        EXPECT_EQ(table_.give_back(), 0u);
        for (const PathIndex path : paths) {
            table_.release(path);
        }
        EXPECT_EQ(table_.give_back(), 0u);
        rcu_.flush();
        // 64 in a page; the first has "no route" in it.
        EXPECT_GE(table_.give_back(), 1000u / 64 - 1);
        EXPECT_EQ(table_.give_back(), 0u);
        EXPECT_EQ(table_.adjacency(table_.at(0)).action, Action::no_route);
    }
}

}  // namespace
}  // namespace vnet::fib
