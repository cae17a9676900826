// SPDX-License-Identifier: Apache-2.0
#include "graph/rcu.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "graph/testing/bench.hpp"
#include "graph/testing/wait.hpp"

namespace graph {
namespace {

using testing::eventually;

TEST(Rcu, NothingRunsAtOnce) {
    Rcu rcu(4);
    bool ran = false;
    rcu.retire([&] { ran = true; });
    EXPECT_FALSE(ran);
    EXPECT_EQ(rcu.reclaim(), 0u);
    EXPECT_TRUE(ran) << "nobody reads";
}

TEST(Rcu, WaitsForAReaderThatIsOnlineAndSilent) {
    Rcu rcu(4);
    rcu.join(0);
    rcu.online(0);
    bool ran = false;
    rcu.retire([&] { ran = true; });
    EXPECT_EQ(rcu.reclaim(), 1u);
    EXPECT_EQ(rcu.reclaim(), 1u);
    EXPECT_FALSE(ran);
    rcu.quiescent(0);
    EXPECT_EQ(rcu.reclaim(), 0u);
    EXPECT_TRUE(ran);
    rcu.offline(0);
    rcu.leave(0);
}

TEST(Rcu, QuiescenceBeforeTheRetirementDoesNotCount) {
    Rcu rcu(4);
    rcu.join(0);
    rcu.online(0);
    rcu.quiescent(0);
    bool ran = false;
    rcu.retire([&] { ran = true; });
    EXPECT_EQ(rcu.reclaim(), 1u);
    rcu.offline(0);
    EXPECT_EQ(rcu.reclaim(), 0u) << "who sleeps is waited for by nobody";
    EXPECT_TRUE(ran);
    rcu.leave(0);
}

TEST(Rcu, EveryReaderMustPass) {
    Rcu rcu(4);
    for (unsigned reader = 0; reader < 4; ++reader) {
        rcu.join(reader);
        rcu.online(reader);
    }
    rcu.offline(3);
    std::vector<int> ran;
    rcu.retire([&] { ran.push_back(1); });
    rcu.quiescent(0);
    rcu.quiescent(1);
    rcu.retire([&] { ran.push_back(2); });
    EXPECT_EQ(rcu.reclaim(), 2u);
    rcu.quiescent(2);
    EXPECT_EQ(rcu.reclaim(), 1u);
    EXPECT_EQ(ran, (std::vector<int>{1}));
    rcu.quiescent(0);
    rcu.quiescent(1);
    EXPECT_EQ(rcu.reclaim(), 0u);
    EXPECT_EQ(ran, (std::vector<int>{1, 2}));
    for (unsigned reader = 0; reader < 4; ++reader) {
        rcu.offline(reader);
        rcu.leave(reader);
    }
    rcu.synchronize();
}

TEST(Rcu, ReclaimMayRetireMore) {
    Rcu rcu(1);
    int ran = 0;
    rcu.retire([&] {
        ++ran;
        rcu.retire([&] { ++ran; });
    });
    rcu.flush();
    EXPECT_EQ(ran, 2);
}

TEST(Rcu, WhatIsLeftRunsInTheEnd) {
    bool ran = false;
    {
        Rcu rcu(1);
        rcu.retire([&] { ran = true; });
    }
    EXPECT_TRUE(ran);
}

TEST(Rcu, ReadersNeverSeeWhatWasReclaimed) {
    constexpr int versions = 2000;
    constexpr unsigned readers = 2;
    struct Table {
        int value;
        ~Table() { value = -1; }
    };
    Rcu rcu(readers);
    std::atomic<Table*> current{new Table{0}};
    std::atomic<bool> stop{false};
    std::atomic<unsigned> joined{0};
    std::atomic<bool> backwards{false};
    std::vector<std::thread> threads;
    for (unsigned reader = 0; reader < readers; ++reader) {
        threads.emplace_back([&, reader] {
            rcu.join(reader);
            rcu.online(reader);
            ++joined;
            int last = 0;
            while (!stop.load(std::memory_order_relaxed)) {
                const int value = current.load(std::memory_order_acquire)->value;
                if (value < last) {
                    backwards = true;
                }
                last = value;
                rcu.quiescent(reader);
                std::this_thread::yield();
            }
            rcu.offline(reader);
            rcu.leave(reader);
        });
    }
    ASSERT_TRUE(eventually([&] { return joined == readers; }));
    int reclaimed = 0;
    for (int version = 1; version <= versions; ++version) {
        Table* const before = current.exchange(new Table{version});
        rcu.retire([&reclaimed, before] {
            ++reclaimed;
            delete before;
        });
        rcu.reclaim();
    }
    rcu.flush();
    EXPECT_EQ(reclaimed, versions);
    stop = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_FALSE(backwards);
    delete current.load();
}

}  // namespace
}  // namespace graph
