// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "vnet/ip6/range_table.hpp"

namespace vnet::ip6 {
namespace {

using Key = RangeTable::Key;

/// What a path is for. Path numbers are of this test alone, so a plain array does.
struct Range {
    std::atomic<uint64_t> first_high, first_low, last_high, last_low;
    void set(Key first, Key last) {
        first_high.store(first.high);
        first_low.store(first.low);
        last_high.store(last.high);
        last_low.store(last.low);
    }
    bool contains(Key at) const {
        return Key(first_high.load(), first_low.load()) <= at &&
               at <= Key(last_high.load(), last_low.load());
    }
};

/// Prefixes of all lengths come and go in a small part of the addresses while others look there. A
/// lookup that gives a path whose range the address is not in shows it; path numbers come again
/// only after a grace period, as in the forwarding table.
TEST(LookupConcurrency, GivesTheOldOrTheNewAndNothingElse) {
    constexpr unsigned readers = 2;
    constexpr uint64_t upper = 0x20010db800000000;
    graph::Rcu rcu(readers);
    RangeTable table(rcu);
    constexpr unsigned paths = 512;
    std::vector<Range> ranges(paths);
    ranges[1].set(Key(upper, 0), Key(upper | 0xffffffff, UINT64_MAX));
    ASSERT_TRUE(table.paint(Key(upper, 0), Key(upper | 0xffffffff, UINT64_MAX), 1));

    const auto some_key = [](std::mt19937_64& random) {
        return Key(upper | (random() % 4) << 16 | random() % 3,
                   (random() % 3) << 32 | random() % 5);
    };
    std::atomic<bool> stop{false};
    std::atomic<unsigned> running{0};
    std::atomic<uint64_t> lookups{0};
    std::atomic<uint64_t> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned reader = 0; reader < readers; ++reader) {
        threads.emplace_back([&, reader] {
            rcu.join(reader);
            rcu.online(reader);
            running.fetch_add(1);
            std::mt19937_64 random(reader);
            std::array<Key, 64> keys;
            std::array<fib::PathIndex, 64> found;
            while (!stop.load()) {
                for (Key& key : keys) {
                    key = some_key(random);
                }
                table.view().lookup(keys, found.data());
                for (size_t i = 0; i < keys.size(); ++i) {
                    const fib::PathIndex single = table.lookup(keys[i]);
                    for (const fib::PathIndex path : {found[i], single}) {
                        if (path == 0 || path >= paths || !ranges[path].contains(keys[i])) {
                            wrong.fetch_add(1);
                        }
                    }
                }
                lookups.fetch_add(keys.size());
                rcu.quiescent(reader);
            }
            rcu.offline(reader);
            rcu.leave(reader);
        });
    }
    while (running.load() != readers) {
        std::this_thread::yield();
    }
    std::mt19937_64 random(99);
    std::vector<fib::PathIndex> free;
    for (fib::PathIndex path = 2; path < paths; ++path) {
        free.push_back(path);
    }
    for (unsigned round = 0; round < 4000 || lookups.load() < 20'000; ++round) {
        if (free.empty()) {
            rcu.flush();
        }
        ASSERT_FALSE(free.empty());
        const fib::PathIndex path = free.back();
        free.pop_back();
        const Key at = some_key(random);
        const wire::Ip6Prefix prefix({at.high, at.low}, uint8_t(33 + random() % 96));
        ranges[path].set(prefix.first(), prefix.last());
        ASSERT_TRUE(table.paint(prefix.first(), prefix.last(), path));
        ASSERT_TRUE(table.paint(prefix.first(), prefix.last(), 1));
        rcu.retire([&free, path] { free.push_back(path); });
        rcu.reclaim();
        if (round % 500 == 0) {
            table.give_back();
        }
    }
    stop.store(true);
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong.load(), 0U);
    ASSERT_TRUE(table.paint(Key(upper, 0), Key(upper | 0xffffffff, UINT64_MAX), 0));
    table.give_back();
    rcu.flush();
    EXPECT_EQ(table.nodes_in_use(), 0U);
}

}  // namespace
}  // namespace vnet::ip6
