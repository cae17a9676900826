// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "graph/testing/bench.hpp"
#include "vnet/fragment/chain.hpp"

namespace vnet::fragment {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Bytes in front of the payload of every packet here.
constexpr uint16_t header = 20;

class StoreTest : public ::testing::Test, protected Losses {
protected:
    StoreTest() : free_(graph::testing::pool().available()) {
        limits.timeout = 1000;
        store.set_limits(limits);
    }
    ~StoreTest() override = default;
    void TearDown() override {
        (void)store.expire(now + limits.timeout, *this, ~0U);
        EXPECT_EQ(store.datagrams(), 0u);
        EXPECT_EQ(store.buffers(), 0u);
        EXPECT_EQ(graph::testing::pool().available(), free_);
    }
    void lost(graph::Packet& packet, Loss why) noexcept override {
        losses.push_back(why);
        graph::free_packet(&packet);
    }

    static Key key(uint32_t id, uint32_t source = 1) {
        Key key;
        key.source = wire::Ip6Address::mapped(wire::Ip4Address(0x0a00'0000 + source));
        key.destination = wire::Ip6Address::mapped(wire::Ip4Address(10, 9, 9, 9));
        key.identification = id;
        key.protocol = 17;
        return key;
    }
    /// A packet whose payload counts up from the offset that it has.
    static graph::Packet& packet(uint32_t begin, uint32_t end, unsigned change = 0) {
        graph::Packet* made = graph::testing::pool().allocate();
        made->resize(header + end - begin);
        for (uint32_t i = begin; i < end; ++i) {
            made->data()[header + i - begin] = std::byte(i * 7 + i / 256 + change);
        }
        return *made;
    }
    static Fragment fragment(const Key& key, uint32_t begin, uint32_t end, bool more) {
        Fragment made;
        made.key = key;
        made.begin = uint16_t(begin);
        made.end = uint16_t(end);
        made.more = more;
        made.payload_offset = header;
        return made;
    }
    Store::Taken add(const Key& key, uint32_t begin, uint32_t end, bool more, unsigned change = 0) {
        return store.add(packet(begin, end, change), fragment(key, begin, end, more), now, *this);
    }
    /// Adds, and expects this answer.
    void expect(Store::Answer answer, const Key& key, uint32_t begin, uint32_t end, bool more) {
        EXPECT_EQ(int(add(key, begin, end, more).answer), int(answer)) << begin << " to " << end;
    }
    /// The payload of the datagram, which is whole, is right.
    void check(const Store::Taken& taken, uint32_t length) {
        ASSERT_EQ(taken.answer, Store::Answer::whole);
        const auto whole = store.assemble(*taken.datagram, 65535, 0, *this);
        ASSERT_NE(whole.packet, nullptr);
        EXPECT_EQ(whole.payload, length);
        EXPECT_EQ(whole.packet->length(), header + length);
        EXPECT_GE(whole.packet->segment_length(),
                  std::min<uint32_t>(header + length, header + 128));
        EXPECT_LE(buffers_of(*whole.packet), 2 * length / graph::buffer_bytes + 1);
        std::vector<std::byte> bytes(length);
        ChainReader reader(*whole.packet, header);
        ASSERT_TRUE(reader.read(bytes));
        for (uint32_t i = 0; i < length; ++i) {
            ASSERT_EQ(bytes[i], std::byte(i * 7 + i / 256)) << i;
        }
        graph::free_packet(whole.packet);
    }

    const unsigned free_;
    Limits limits;
    std::vector<Loss> losses;
    uint64_t now = 5000;
    Store store{42};
};

TEST_F(StoreTest, InAnyOrder) {
    std::vector<int> order{0, 1, 2, 3, 4};
    std::mt19937 random(1);
    for (int round = 0; round < 60; ++round) {
        for (size_t i = 0; i + 1 < order.size(); ++i) {
            EXPECT_EQ(int(add(key(7), uint32_t(order[i]) * 800, uint32_t(order[i]) * 800 + 800,
                              order[i] != 4)
                              .answer),
                      int(Store::Answer::held));
        }
        const auto last = uint32_t(order.back());
        check(add(key(7), last * 800, last * 800 + 800, last != 4), 4000);
        std::shuffle(order.begin(), order.end(), random);
    }
    EXPECT_THAT(losses, IsEmpty());
    EXPECT_EQ(store.counters().whole.read(), 60u);
    EXPECT_EQ(store.counters().datagrams.read(), 0u);
}

TEST_F(StoreTest, TheFirstBufferHasTheTransportHeader) {
    for (uint32_t i = 0; i < 39; ++i) {
        expect(Store::Answer::held, key(1), i * 8, i * 8 + 8, true);
    }
    check(add(key(1), 312, 313, false), 313);
}

TEST_F(StoreTest, DatagramsDoNotMix) {
    expect(Store::Answer::held, key(1), 0, 800, true);
    for (Key other : {key(2), key(1, 2)}) {
        expect(Store::Answer::held, other, 800, 1600, false);
    }
    Key other = key(1);
    other.protocol = 6;
    expect(Store::Answer::held, other, 800, 1600, false);
    other = key(1);
    other.scope = 3;
    expect(Store::Answer::held, other, 800, 1600, false);
    check(add(key(1), 800, 900, false), 900);
    EXPECT_EQ(store.datagrams(), 4u);
}

TEST_F(StoreTest, OverlapsEndTheDatagram) {
    struct Range {
        uint32_t begin;
        uint32_t end;
    };
    uint32_t id = 0;
    for (const Range& range : {Range{0, 8}, Range{8, 24}, Range{16, 24}, Range{16, 80},
                               Range{72, 88}, Range{0, 200}, Range{24, 88}}) {
        losses.clear();
        ++id;
        expect(Store::Answer::held, key(id), 0, 24, true);
        expect(Store::Answer::held, key(id), 80, 160, true);
        expect(Store::Answer::lost, key(id), range.begin, range.end, true);
        EXPECT_THAT(losses, ElementsAre(Loss::overlap, Loss::overlap, Loss::overlap));
        // Those to come go in silence, one by one, also what would have filled the gap.
        expect(Store::Answer::lost, key(id), 24, 80, true);
        EXPECT_EQ(losses.back(), Loss::refused);
        EXPECT_EQ(store.counters().refused.read(), id);
    }
    EXPECT_EQ(store.buffers(), 0u);
}

TEST_F(StoreTest, DuplicatesGoAlone) {
    expect(Store::Answer::held, key(1), 0, 800, true);
    expect(Store::Answer::held, key(1), 1600, 1700, false);
    expect(Store::Answer::lost, key(1), 0, 800, true);
    expect(Store::Answer::lost, key(1), 1600, 1700, false);
    EXPECT_THAT(losses, ElementsAre(Loss::duplicate, Loss::duplicate));
    check(add(key(1), 800, 1600, true), 1700);
    // The same range with other bytes is an overlap.
    losses.clear();
    expect(Store::Answer::held, key(2), 0, 800, true);
    EXPECT_EQ(add(key(2), 0, 800, true, 1).answer, Store::Answer::lost);
    EXPECT_THAT(losses, ElementsAre(Loss::overlap, Loss::overlap));
}

TEST_F(StoreTest, ContradictionsEndTheDatagram) {
    struct Case {
        uint32_t begin;
        uint32_t end;
        bool more;
    };
    uint32_t id = 0;
    for (const Case& one : {Case{80, 120, false}, Case{800, 880, false}, Case{400, 480, true}}) {
        losses.clear();
        ++id;
        expect(Store::Answer::held, key(id), 200, 400, false);
        expect(Store::Answer::lost, key(id), one.begin, one.end, one.more);
        EXPECT_THAT(losses, ElementsAre(Loss::contradiction, Loss::contradiction));
    }
    // The last one says less than is there.
    losses.clear();
    expect(Store::Answer::held, key(9), 200, 400, true);
    expect(Store::Answer::lost, key(9), 40, 160, false);
    EXPECT_THAT(losses, ElementsAre(Loss::contradiction, Loss::contradiction));
}

TEST_F(StoreTest, OnlySoManyFragments) {
    limits.fragments = 3;
    store.set_limits(limits);
    for (uint32_t i = 0; i < 3; ++i) {
        expect(Store::Answer::held, key(1), i * 8, i * 8 + 8, true);
    }
    expect(Store::Answer::lost, key(1), 24, 32, false);
    EXPECT_THAT(losses, ::testing::Each(Loss::too_many));
    EXPECT_EQ(losses.size(), 4u);
}

TEST_F(StoreTest, TimeRunsFromTheFirstToCome) {
    expect(Store::Answer::held, key(1), 0, 8, true);
    now += 600;
    expect(Store::Answer::held, key(1), 8, 16, true);
    expect(Store::Answer::held, key(2), 8, 16, true);
    now += 399;
    EXPECT_TRUE(store.expire(now, *this, 10) || losses.empty());
    EXPECT_THAT(losses, IsEmpty());
    now += 1;
    EXPECT_FALSE(store.expire(now, *this, 10));
    EXPECT_THAT(losses, ElementsAre(Loss::timed_out_first, Loss::timed_out));
    losses.clear();
    now += 600;
    // A new fragment clears away too.
    expect(Store::Answer::held, key(3), 0, 8, true);
    EXPECT_THAT(losses, ElementsAre(Loss::timed_out));
    EXPECT_EQ(store.counters().timed_out.read(), 2u);
}

TEST_F(StoreTest, AFloodDisplacesItselfAndTheRestGetsThrough) {
    limits.datagrams = 100;
    limits.share = 100;
    store.set_limits(limits);
    uint32_t id = 1000;
    const auto flood = [&](unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            ++id;
            (void)add(key(id, id), 0, 8, true);
        }
    };
    flood(500);
    EXPECT_EQ(store.datagrams(), 100u);
    EXPECT_EQ(store.counters().displaced.read(), 400u);
    // One whose fragments come within as many others as there is room for.
    for (uint32_t i = 0; i < 44; ++i) {
        flood(2);
        const auto taken = add(key(1, 1), i * 1480, i * 1480 + 1480, i != 43);
        if (i == 43) {
            check(taken, 44 * 1480);
        }
    }
    EXPECT_EQ(store.datagrams(), 99u);
    EXPECT_THAT(losses, ::testing::Each(Loss::displaced));
}

TEST_F(StoreTest, ASourceHasItsShareOnly) {
    limits.datagrams = 100;
    limits.share = 10;
    store.set_limits(limits);
    expect(Store::Answer::held, key(1, 2), 0, 8, true);
    for (uint32_t id = 0; id < 5000; ++id) {
        (void)add(key(id), 0, 8, true);
    }
    EXPECT_EQ(store.datagrams(), 11u);
    check(add(key(1, 2), 8, 16, false), 16);
    // IPv6: a network of 64 bits is one source.
    for (uint32_t id = 0; id < 100; ++id) {
        Key one = key(id);
        one.source = wire::Ip6Address(0x2001'0db8'0000'0000, id);
        (void)add(one, 0, 8, true);
    }
    EXPECT_EQ(store.datagrams(), 20u);
}

TEST_F(StoreTest, BuffersAreBounded) {
    limits.buffers = 200;
    limits.share = 50;
    limits.fragments = 256;
    store.set_limits(limits);
    for (uint32_t source = 0; source < 6; ++source) {
        for (uint32_t i = 0; i < 60; ++i) {
            (void)add(key(1, source), i * 8, i * 8 + 8, true);
        }
        EXPECT_LE(store.buffers(), 200u);
    }
    EXPECT_EQ(store.counters().displaced.read(), 3u);
    losses.clear();
    // One alone has no more than its source's share.
    for (uint32_t i = 0; i < 101; ++i) {
        (void)add(key(9, 99), i * 8, i * 8 + 8, true);
    }
    EXPECT_EQ(std::count(losses.begin(), losses.end(), Loss::no_room), 101);
    // A lower bound holds as new ones come.
    limits.buffers = 64;
    limits.datagrams = 2;
    store.set_limits(limits);
    for (uint32_t id = 0; id < 8; ++id) {
        (void)add(key(id, 200 + id), 0, 8, true);
    }
    EXPECT_LE(store.buffers(), 64u);
    EXPECT_EQ(store.datagrams(), 2u);
}

TEST_F(StoreTest, MarksOfCongestionStay) {
    const auto with = [&](uint32_t begin, bool more, wire::Ecn ecn) {
        Fragment one = fragment(key(5), begin, begin + 8, more);
        one.ecn = ecn;
        return store.add(packet(begin, begin + 8), one, now, *this);
    };
    (void)with(0, true, wire::Ecn::capable_0);
    auto taken = with(8, false, wire::Ecn::congested);
    auto whole = store.assemble(*taken.datagram, 65535, 0, *this);
    EXPECT_TRUE(whole.congested);
    graph::free_packet(whole.packet);
    (void)with(0, true, wire::Ecn::not_capable);
    taken = with(8, false, wire::Ecn::congested);
    EXPECT_EQ(store.assemble(*taken.datagram, 65535, 0, *this).packet, nullptr);
    EXPECT_THAT(losses, ElementsAre(Loss::ecn, Loss::ecn));
}

TEST_F(StoreTest, NoLongerThanAPacketMayBe) {
    (void)add(key(1), 0, 800, true);
    const auto taken = add(key(1), 800, 900, false);
    EXPECT_EQ(store.assemble(*taken.datagram, 919, 0, *this).packet, nullptr);
    EXPECT_THAT(losses, ElementsAre(Loss::too_long, Loss::too_long));
}

TEST_F(StoreTest, PassesOnWhatFollowsTheFirst) {
    expect(Store::Answer::held, key(1), 1600, 2400, true);
    expect(Store::Answer::held, key(1), 800, 1600, true);
    graph::Packet& first = packet(0, 800);
    const auto taken = store.add(first, fragment(key(1), 0, 800, true), now, *this);
    ASSERT_EQ(taken.answer, Store::Answer::held);
    Ports ports;
    ports.source = 77;
    std::vector<uint32_t> offsets;
    EXPECT_TRUE(store.release(*taken.datagram, ports, [&](graph::Packet& one) {
        offsets.push_back(uint32_t(one.data()[header]) | uint32_t(one.data()[header + 1]) << 8);
        graph::free_packet(&one);
    }));
    const auto start = [](uint32_t i) {
        return uint32_t(uint8_t(i * 7 + i / 256)) | uint32_t(uint8_t((i + 1) * 7 + i / 256)) << 8;
    };
    EXPECT_THAT(offsets, ElementsAre(start(0), start(800), start(1600)));
    EXPECT_EQ(store.buffers(), 0u);
    graph::Packet& later = packet(2400, 3200);
    const auto passed = store.add(later, fragment(key(1), 2400, 3200, true), now, *this);
    EXPECT_EQ(passed.answer, Store::Answer::passed);
    EXPECT_EQ(passed.ports.source, 77);
    // An overlap with what has passed, and all that follows.
    const auto over = store.add(packet(2400, 2408), fragment(key(1), 2400, 2408, true), now, *this);
    EXPECT_EQ(over.answer, Store::Answer::lost);
    EXPECT_EQ(store.add(packet(3200, 3300), fragment(key(1), 3200, 3300, false), now, *this).answer,
              Store::Answer::lost);
    EXPECT_THAT(losses, ElementsAre(Loss::overlap, Loss::refused));
    graph::free_packet(&later);
}

TEST_F(StoreTest, ForgetsWhatHasPassedWhole) {
    const auto taken = store.add(packet(0, 800), fragment(key(1), 0, 800, true), now, *this);
    EXPECT_TRUE(store.release(*taken.datagram, Ports(),
                              [](graph::Packet& one) { graph::free_packet(&one); }));
    graph::Packet& last = packet(800, 900);
    EXPECT_EQ(store.add(last, fragment(key(1), 800, 900, false), now, *this).answer,
              Store::Answer::passed_last);
    graph::free_packet(&last);
    EXPECT_EQ(store.datagrams(), 0u);
    // The first one comes last.
    (void)add(key(1), 800, 900, false);
    const auto whole = store.add(packet(0, 800), fragment(key(1), 0, 800, true), now, *this);
    ASSERT_EQ(whole.answer, Store::Answer::whole);
    EXPECT_FALSE(store.release(*whole.datagram, Ports(),
                               [](graph::Packet& one) { graph::free_packet(&one); }));
    EXPECT_EQ(store.datagrams(), 0u);
}

TEST_F(StoreTest, GoesWithAllThatItHolds) {
    {
        Store other(1);
        other.set_limits(limits);
        for (uint32_t id = 0; id < 20; ++id) {
            (void)other.add(packet(0, 8), fragment(key(id, id), 0, 8, true), now, *this);
        }
        EXPECT_EQ(graph::testing::pool().available(), free_ - 20);
    }
    EXPECT_EQ(graph::testing::pool().available(), free_);
}

}  // namespace
}  // namespace vnet::fragment
