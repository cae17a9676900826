// SPDX-License-Identifier: Apache-2.0
#include "graph/packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/packet_pool.hpp"
#include "graph/packet_ring.hpp"
#include "graph/slots.hpp"
#include "graph/testing/bench.hpp"

namespace graph {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::pool;

struct Freer {
    void operator()(Packet* packet) const { free_packet(packet); }
};
using Owned = std::unique_ptr<Packet, Freer>;

Owned fresh(uint32_t length = 0) {
    Owned packet(pool().allocate());
    EXPECT_TRUE(packet->resize(length));
    return packet;
}

/// Three segments of 100 B.
Owned chain() {
    Owned head = fresh(100);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(rte_pktmbuf_chain(head->mbuf(), fresh(100).release()->mbuf()), 0);
    }
    return head;
}

TEST(Packet, FreshOneIsEmptyWithRoomInFront) {
    const Owned packet = fresh();
    EXPECT_EQ(packet->length(), 0u);
    EXPECT_GE(packet->headroom(), headroom_bytes);
    EXPECT_EQ(packet->tailroom(), buffer_bytes);
    EXPECT_EQ(packet->meta().rx_interface, no_interface);
    EXPECT_EQ(packet->meta().tx_interface, no_interface);
    EXPECT_EQ(packet->meta().flags, 0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(packet.get()) % 64, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&packet->meta()) % 64, 0u);
    EXPECT_GE(packet->data(), packet->slots() + slot_bytes)
        << "metadata and slots lie in front of the data";
}

TEST(Packet, MoveStart) {
    const Owned packet = fresh(60);
    std::byte* const begin = packet->data();
    packet->meta().l3_offset = 14;
    EXPECT_TRUE(packet->move_start(14));
    EXPECT_EQ(packet->data(), begin + 14);
    EXPECT_EQ(packet->length(), 46u);
    EXPECT_EQ(packet->segment_length(), 46);
    EXPECT_EQ(packet->meta().l3_offset, 0);
    EXPECT_TRUE(packet->move_start(-50));
    EXPECT_EQ(packet->data(), begin - 36);
    EXPECT_EQ(packet->length(), 96u);
    EXPECT_EQ(packet->meta().l3_offset, 50);
    EXPECT_TRUE(packet->move_start(-int(packet->headroom())));
    EXPECT_EQ(packet->headroom(), 0);
}

TEST(Packet, MoveStartRefusesWhereThereIsNoRoom) {
    const Owned packet = fresh(60);
    const std::byte* const begin = packet->data();
    EXPECT_FALSE(packet->move_start(61));
    EXPECT_FALSE(packet->move_start(-int(packet->headroom()) - 1));
    EXPECT_EQ(packet->data(), begin);
    EXPECT_EQ(packet->length(), 60u);
    EXPECT_TRUE(packet->move_start(60));
    EXPECT_EQ(packet->length(), 0u);
}

TEST(Packet, Resize) {
    const Owned packet = fresh();
    EXPECT_TRUE(packet->resize(buffer_bytes));
    EXPECT_EQ(packet->tailroom(), 0);
    EXPECT_FALSE(packet->resize(buffer_bytes + 1));
    EXPECT_EQ(packet->length(), buffer_bytes);
    EXPECT_FALSE(chain()->resize(10)) << "several segments";
}

TEST(Packet, FromOffsetIsEmptyPastTheEnd) {
    const Owned packet = fresh(10);
    EXPECT_EQ(packet->from_offset(4).size(), 6u);
    EXPECT_TRUE(packet->from_offset(10).empty());
    EXPECT_TRUE(packet->from_offset(60000).empty());
}

TEST(Packet, TrimAcrossSegments) {
    const unsigned free_before = pool().available();
    struct {
        uint32_t length;
        uint16_t segments;
        uint16_t last;
    } const cases[] = {{400, 3, 100}, {300, 3, 100}, {299, 3, 99}, {201, 3, 1}, {200, 2, 100},
                       {150, 2, 50},  {100, 1, 100}, {1, 1, 1},    {0, 1, 0}};
    for (const auto& c : cases) {
        const Owned packet = chain();
        packet->trim(c.length);
        EXPECT_EQ(packet->length(), std::min(c.length, 300u));
        EXPECT_EQ(packet->mbuf()->nb_segs, c.segments) << c.length;
        EXPECT_EQ(rte_pktmbuf_lastseg(packet->mbuf())->data_len, c.last) << c.length;
        const char* reason = nullptr;
        EXPECT_EQ(rte_mbuf_check(packet->mbuf(), 1, &reason), 0) << reason;
        EXPECT_EQ(pool().available(), free_before - c.segments);
    }
    EXPECT_EQ(pool().available(), free_before);
    const Owned single = fresh(100);
    single->trim(20);
    EXPECT_EQ(single->length(), 20u);
    EXPECT_EQ(single->segment_length(), 20);
}

TEST(PacketPool, RunsOutWithoutHarm) {
    testing::start_eal();
    auto small = PacketPool::create("small", 63);
    ASSERT_TRUE(small.ok()) << small.status();
    EXPECT_EQ(small->capacity(), 63u);
    std::vector<Packet*> packets(63);
    std::vector<Packet*> too_many(64);
    EXPECT_FALSE(small->allocate(std::span(too_many)));
    EXPECT_EQ(small->available(), 63u) << "all or none";
    ASSERT_TRUE(small->allocate(std::span(packets)));
    EXPECT_EQ(small->available(), 0u);
    EXPECT_EQ(small->allocate(), nullptr);
    free_packets(packets);
    EXPECT_EQ(small->available(), 63u);
    free_packets({});
}

TEST(PacketPool, RefusalSaysWhatItWouldTake) {
    testing::start_eal();
    const auto huge = PacketPool::create("huge", 50'000'000);
    EXPECT_EQ(huge.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(huge.status().message(),
                AllOf(HasSubstr("50000000 packet buffers"), HasSubstr(" MB")));
}

TEST(PacketPool, ChainGoesBackWhole) {
    const unsigned free_before = pool().available();
    chain().reset();
    EXPECT_EQ(pool().available(), free_before);
}

TEST(PacketRing, BoundedAndInOrder) {
    const unsigned free_before = pool().available();
    {
        PacketRing ring(3);
        EXPECT_TRUE(ring.empty());
        std::vector<Packet*> in;
        for (int i = 0; i < 3; ++i) {
            in.push_back(fresh().release());
            EXPECT_TRUE(ring.push(*in.back()));
        }
        EXPECT_FALSE(ring.push(*fresh()));
        Packet* out[2];
        ASSERT_EQ(ring.pop(out), 2u);
        EXPECT_EQ(out[0], in[0]);
        EXPECT_EQ(out[1], in[1]);
        EXPECT_FALSE(ring.empty());
        free_packets(out);
    }
    EXPECT_EQ(pool().available(), free_before) << "what was left in it is freed";
}

TEST(PacketRing, GoesRoundManyTimes) {
    std::vector<Packet*> packets(5);
    ASSERT_TRUE(pool().allocate(std::span(packets)));
    for (const unsigned capacity : {2u, 3u, 5u}) {
        PacketRing ring(capacity);
        Packet* out[5];
        for (unsigned turn = 0; turn < 1000; ++turn) {
            const unsigned fill = 1 + turn % capacity;
            for (unsigned i = 0; i < fill; ++i) {
                ASSERT_TRUE(ring.push(*packets[(turn + i) % 5]));
            }
            ASSERT_EQ(ring.push(*packets[0]), fill < capacity);
            ASSERT_EQ(ring.pop(out), std::min(fill + 1, capacity));
            ASSERT_EQ(out[0], packets[turn % 5]);
            ASSERT_EQ(out[fill - 1], packets[(turn + fill - 1) % 5]);
            ASSERT_TRUE(ring.empty());
        }
    }
    free_packets(packets);
}

struct Three {
    uint8_t bytes[3];
};

TEST(Slots, ArePlacedAlignedAndApart) {
    SlotMap slots;
    const auto three = slots.place<Three>("three");
    const auto eight = slots.place<uint64_t>("eight");
    ASSERT_TRUE(three.ok() && eight.ok());
    const Owned packet = fresh();
    three->of(*packet) = {{1, 2, 3}};
    eight->of(*packet) = ~uint64_t(0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&eight->of(*packet)) % alignof(uint64_t), 0u);
    EXPECT_EQ(three->of(*packet).bytes[2], 3);
    EXPECT_EQ(slots.placed()[1].offset, 8);
}

TEST(Slots, NameIsOnePlace) {
    SlotMap slots;
    const auto one = slots.place<uint32_t>("flow");
    const auto two = slots.place<uint32_t>("flow");
    ASSERT_TRUE(one.ok() && two.ok());
    const Owned packet = fresh();
    EXPECT_EQ(&one->of(*packet), &two->of(*packet));
    const auto other = slots.place<uint64_t>("flow");
    EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(other.status().message(),
                AllOf(HasSubstr("'flow'"), HasSubstr("4 B"), HasSubstr("8 B")));
}

TEST(Slots, WhatDoesNotFitIsRefused) {
    SlotMap slots;
    ASSERT_TRUE((slots.place<std::array<std::byte, slot_bytes - 4>>("big").ok()));
    const auto more = slots.place<uint64_t>("more");
    EXPECT_EQ(more.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(more.status().message(), AllOf(HasSubstr("'more'"), HasSubstr("60 of the 64 B")));
    EXPECT_TRUE(slots.place<uint32_t>("last").ok());
}

}  // namespace
}  // namespace graph
