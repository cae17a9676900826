// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "vnet/ip4/dir24.hpp"

namespace vnet::ip4 {
namespace {

/// Prefixes of all lengths around one address come and go while others look it and its surroundings
/// up. A path is an adjacency that says which addresses it is for: a lookup that gives any other
/// than the old or the new one shows it.
TEST(LookupConcurrency, GivesTheOldOrTheNewAndNothingElse) {
    constexpr uint32_t base = 0x0a000000;
    constexpr unsigned readers = 2;
    graph::Rcu rcu(readers);
    fib::ForwardingTable forwarding(rcu);
    Dir24 table(rcu);

    const auto adjacency = [](uint32_t first, uint32_t last) {
        fib::Adjacency made;
        made.action = fib::Action::forward;
        made.set_next_hop(wire::Ip4Address(first));
        made.mtu = last;
        return made;
    };
    const fib::PathIndex wide = forwarding.make(adjacency(base, base + 0xffff));
    ASSERT_TRUE(table.paint(base, base + 0xffff, wide));

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
            std::mt19937 random(reader);
            while (!stop.load()) {
                for (unsigned i = 0; i < 64; ++i) {
                    const uint32_t address = base + 0x80 + random() % 0x400;
                    const fib::Adjacency& found =
                        forwarding.adjacency(forwarding.at(table.lookup(address)));
                    if (found.action != fib::Action::forward ||
                        address < found.ip4_next_hop().value() || address > found.mtu) {
                        wrong.fetch_add(1);
                    }
                }
                lookups.fetch_add(64);
                rcu.quiescent(reader);
            }
            rcu.offline(reader);
            rcu.leave(reader);
        });
    }
    while (running.load() != readers) {
        std::this_thread::yield();
    }
    std::mt19937 random(99);
    for (unsigned round = 0; round < 4000 || lookups.load() < 20'000; ++round) {
        const auto length = unsigned(17 + random() % 16);
        const uint32_t first =
            (base + 0x80 + random() % 0x400) & uint32_t(~uint64_t(0) << (32 - length));
        const uint32_t last = first + uint32_t((uint64_t(1) << (32 - length)) - 1);
        const fib::PathIndex path = forwarding.make(adjacency(first, last));
        ASSERT_NE(path, 0u);
        ASSERT_TRUE(table.paint(first, last, path));
        // As when a neighbour is resolved.
        forwarding.turn(path, adjacency(first, last));
        ASSERT_TRUE(table.paint(first, last, wide));
        table.join(first);
        forwarding.release(path);
        rcu.reclaim();
        // The whole table moves meanwhile, as it fills and empties.
        if (round % 2000 == 500) {
            ASSERT_TRUE(table.paint(0x10000000, 0xdfffffff, wide));
            EXPECT_TRUE(table.fit_pages());
        } else if (round % 2000 == 0 && round != 0) {
            ASSERT_TRUE(table.paint(0x10000000, 0xdfffffff, 0));
            EXPECT_TRUE(table.fit_pages());
        }
    }
    stop.store(true);
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(wrong.load(), 0u);
    rcu.flush();
    EXPECT_EQ(table.blocks_in_use(), 0u);
}

}  // namespace
}  // namespace vnet::ip4
