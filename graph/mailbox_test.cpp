// SPDX-License-Identifier: Apache-2.0
#include "graph/mailbox.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "graph/packet_pool.hpp"
#include "graph/testing/bench.hpp"
#include "graph/testing/wait.hpp"

namespace graph {
namespace {

using testing::eventually;
using testing::pool;

Packet* numbered(uint32_t number) {
    Packet* packet = pool().allocate();
    packet->meta().adjacency = number;
    return packet;
}

TEST(Mailbox, WakesControlAndKeepsOrder) {
    const unsigned free_before = pool().available();
    Control control;
    std::vector<uint32_t> got;
    size_t largest = 0;
    Mailbox box("punt", 256, control, [&](std::span<Packet*> packets) {
        largest = std::max(largest, packets.size());
        for (Packet* packet : packets) {
            got.push_back(packet->meta().adjacency);
        }
        free_packets(packets);
    });
    control.poll();
    EXPECT_TRUE(got.empty());
    std::vector<uint32_t> sent;
    for (uint32_t i = 0; i < 200; ++i) {
        ASSERT_TRUE(box.push(*numbered(i)));
        sent.push_back(i);
    }
    EXPECT_TRUE(eventually([&] { return got.size() == 200; }, [&] { control.poll(); }));
    EXPECT_EQ(got, sent);
    EXPECT_LE(largest, 64u) << "a flood does not hold control up";
    ASSERT_TRUE(box.push(*numbered(1)));
    EXPECT_TRUE(eventually([&] { return got.size() == 201; }, [&] { control.poll(); }));
    EXPECT_EQ(pool().available(), free_before);
}

TEST(Mailbox, IsBoundedAndFreesWhatIsLeft) {
    const unsigned free_before = pool().available();
    {
        Control control;
        Mailbox box("punt", 10, control, [](std::span<Packet*>) { FAIL() << "nobody polls"; });
        Packet* packet = numbered(0);
        unsigned taken = 0;
        while (box.push(*packet)) {
            ++taken;
            packet = numbered(0);
        }
        EXPECT_EQ(taken, 10u);
        free_packet(packet);
    }
    EXPECT_EQ(pool().available(), free_before);
}

TEST(Mailbox, TwoOfOneNameDoNotMeet) {
    Control control;
    Mailbox one("punt", 8, control, [](std::span<Packet*>) {});
    Mailbox two("punt", 8, control, [](std::span<Packet*>) {});
}

TEST(Mailbox, ManyWorkersAtOnceLoseNothing) {
    constexpr unsigned senders = 3;
    constexpr unsigned rounds = 2'000;
    std::vector<Packet*> packets(senders);
    ASSERT_TRUE(pool().allocate(std::span(packets)));
    Control control;
    // Each sender has one packet, which control gives back by its flag.
    std::vector<std::atomic<bool>> back(senders);
    std::vector<unsigned> got(senders);
    Mailbox box("punt", 64, control, [&](std::span<Packet*> arrived) {
        for (Packet* packet : arrived) {
            const uint32_t from = packet->meta().adjacency;
            ++got[from];
            back[from].store(true, std::memory_order_release);
        }
    });
    std::vector<std::thread> threads;
    for (unsigned sender = 0; sender < senders; ++sender) {
        packets[sender]->meta().adjacency = sender;
        threads.emplace_back([&, sender] {
            for (unsigned i = 0; i < rounds; ++i) {
                packets[sender]->meta().flow_hash = i;
                ASSERT_TRUE(box.push(*packets[sender]));
                ASSERT_TRUE(eventually(
                    [&] { return back[sender].exchange(false, std::memory_order_acquire); }));
            }
        });
    }
    EXPECT_TRUE(eventually([&] { return std::count(got.begin(), got.end(), rounds) == senders; },
                           [&] { control.poll(); }));
    for (std::thread& thread : threads) {
        thread.join();
    }
    free_packets(packets);
}

}  // namespace
}  // namespace graph
