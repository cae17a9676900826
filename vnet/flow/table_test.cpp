// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::flow {
namespace {

using wire::testing::ip;

constexpr uint8_t tcp = 6;
constexpr uint8_t udp = 17;
constexpr uint8_t fin = 0x01;
constexpr uint8_t syn = 0x02;
constexpr uint8_t rst = 0x04;
constexpr uint8_t ack = 0x10;

/// Counts what it is told, by number of its sessions.
struct Told final : Owner {
    void ended(const Session& session, Ending ending, unsigned worker) noexcept override {
        EXPECT_EQ(worker, 3U);
        EXPECT_FALSE(session.alive());
        users.emplace_back(session.user, ending);
    }
    std::vector<std::pair<uint32_t, Ending>> users;
};

struct TableTest : ::testing::Test {
    static constexpr Tick second = ticks_per_second;
    TableTest() { owners.set(1, &told); }

    /// The number-th session out of the network.
    static Table::Making making(uint32_t number, uint8_t protocol = udp, Timer timer = Timer::udp) {
        const Key forward{wire::Ip4Address(0x0a000000 + number),
                          ip("192.0.2.1"),
                          Ports::of(1000, 53),
                          0,
                          protocol,
                          0};
        const Key reverse{ip("192.0.2.1"),
                          ip("198.51.100.1"),
                          Ports::of(53, uint16_t(1024 + number)),
                          0,
                          protocol,
                          0};
        return {forward, reverse, timer, 1, 0, number};
    }
    std::vector<uint32_t> ended(Ending ending) const {
        std::vector<uint32_t> users;
        for (const auto& [user, why] : told.users) {
            if (why == ending) {
                users.push_back(user);
            }
        }
        return users;
    }

    SharedTimeouts timeouts;
    Owners owners;
    Told told;
    Table table{{timeouts, owners, 3, 100, 4711, 0}};
};

TEST_F(TableTest, FindsBothDirections) {
    const Table::Making made = making(1);
    EXPECT_FALSE(table.find(made.forward));
    const SessionIndex index = table.create(made, 0);
    ASSERT_NE(index, 0U);
    EXPECT_EQ(table.find(made.forward), Ref(index, Direction::forward));
    EXPECT_EQ(table.find(made.reverse), Ref(index, Direction::reverse));
    EXPECT_FALSE(table.find(made.forward.reversed()));
    const uint64_t hash = table.hash(made.forward);
    EXPECT_EQ(table.guess(hash), Ref(index, Direction::forward));
    table.end(index, Ending::removed);
    EXPECT_FALSE(table.find(made.forward));
    EXPECT_FALSE(table.find(made.reverse));
    EXPECT_EQ(ended(Ending::removed), std::vector<uint32_t>{1});
    EXPECT_EQ(table.counters().sessions.read(), 0U);
    EXPECT_EQ(table.counters().created.read(), 1U);
}

TEST_F(TableTest, EndsWhatIsSilentForItsTimeout) {
    const SessionIndex silent = table.create(making(1), 0);
    const SessionIndex heard = table.create(making(2), 0);
    table.seen(Ref(heard, Direction::forward), 200 * second, 0);
    EXPECT_FALSE(table.age(300 * second - 1, 100));
    EXPECT_TRUE(table[silent].alive());
    // A tick is looked at behind its end.
    table.age(300 * second + 1, 100);
    EXPECT_FALSE(table[silent].alive());
    EXPECT_TRUE(table[heard].alive());
    EXPECT_EQ(ended(Ending::timed_out), std::vector<uint32_t>{1});
    table.age(500 * second, 100);
    EXPECT_TRUE(table[heard].alive());
    table.age(500 * second + 1, 100);
    EXPECT_EQ(ended(Ending::timed_out), (std::vector<uint32_t>{1, 2}));
}

TEST_F(TableTest, LooksAtNoMoreThanItMay) {
    for (uint32_t number = 0; number < 10; ++number) {
        table.create(making(number), 0);
    }
    EXPECT_TRUE(table.age(1000 * second, 4));
    EXPECT_EQ(table.counters().sessions.read(), 6U);
    EXPECT_FALSE(table.age(1000 * second, 100));
    EXPECT_EQ(table.counters().sessions.read(), 0U);
}

TEST_F(TableTest, TimersFollowTheState) {
    const SessionIndex index = table.create(making(1, tcp, Timer::tcp_transitory), 0);
    const auto timer_behind = [&](Direction direction, uint8_t flags) {
        table.seen(Ref(index, direction), 0, flags);
        return table[index].timer;
    };
    EXPECT_EQ(timer_behind(Direction::forward, syn), Timer::tcp_transitory);
    EXPECT_EQ(timer_behind(Direction::reverse, syn | ack), Timer::tcp_transitory);
    EXPECT_EQ(timer_behind(Direction::forward, ack), Timer::tcp_established);
    EXPECT_EQ(table.counters().by_timer[size_t(Timer::tcp_established)].read(), 1U);
    table.age(7000 * second, 10'000);
    EXPECT_TRUE(table[index].alive());
    EXPECT_EQ(timer_behind(Direction::reverse, ack | fin), Timer::tcp_established);
    EXPECT_EQ(timer_behind(Direction::forward, ack | fin), Timer::tcp_time_wait);
    EXPECT_EQ(table[index].packets[0], 3U);
    EXPECT_EQ(table[index].packets[1], 2U);

    const SessionIndex dns = table.create(making(2), 7000 * second);
    table.seen(Ref(dns, Direction::forward), 7000 * second, 0);
    EXPECT_EQ(table[dns].timer, Timer::udp);
    table.seen(Ref(dns, Direction::reverse), 7000 * second, 0);
    EXPECT_EQ(table[dns].timer, Timer::udp_replied);
}

TEST_F(TableTest, AShorterTimeoutIsMetWithinATurn) {
    const SessionIndex index = table.create(making(1, tcp, Timer::tcp_established), 0);
    Timeouts shorter;
    shorter[Timer::tcp_established] = 10;
    timeouts.set(shorter);
    table.age(65 * second, 100);
    EXPECT_FALSE(table[index].alive());
}

TEST_F(TableTest, TheOldestTransitoryMakesRoom) {
    for (uint32_t number = 0; number < 50; ++number) {
        ASSERT_NE(table.create(making(number, tcp, Timer::tcp_established), number), 0U);
    }
    for (uint32_t number = 50; number < 100; ++number) {
        ASSERT_NE(table.create(making(number, tcp, Timer::tcp_transitory), number), 0U);
    }
    // Of the two oldest one was heard again.
    table.seen(table.find(making(50).forward), 100, 0);
    const Table::Making first = making(50, tcp, Timer::tcp_transitory);
    table.seen(table.find(first.forward), 100, syn);
    for (uint32_t number = 100; number < 103; ++number) {
        ASSERT_NE(table.create(making(number, tcp, Timer::tcp_established), 101), 0U);
    }
    EXPECT_EQ(ended(Ending::displaced), (std::vector<uint32_t>{51, 52, 53}));
    EXPECT_TRUE(table.find(first.forward));
}

/// Whatever their timeouts: the flood of one protocol leaves another's new sessions alone.
TEST_F(TableTest, WhatWasSilentForLongestMakesRoom) {
    for (uint32_t number = 0; number < 98; ++number) {
        ASSERT_NE(table.create(making(number), number), 0U);
    }
    // Due before all of them, as its timeout is shorter.
    const Table::Making ping = making(98, 1, Timer::icmp);
    const Table::Making connection = making(99, tcp, Timer::tcp_transitory);
    ASSERT_NE(table.create(ping, 100), 0U);
    ASSERT_NE(table.create(connection, 100), 0U);
    for (uint32_t number = 100; number < 198; ++number) {
        ASSERT_NE(table.create(making(number), 101), 0U);
    }
    EXPECT_THAT(ended(Ending::displaced), ::testing::SizeIs(98));
    EXPECT_TRUE(table.find(ping.forward));
    EXPECT_TRUE(table.find(connection.forward));
    // Then it is their turn, and that of the flood's next.
    for (uint32_t number = 198; number < 201; ++number) {
        ASSERT_NE(table.create(making(number), 102), 0U);
    }
    EXPECT_FALSE(table.find(ping.forward));
    EXPECT_FALSE(table.find(connection.forward));
    EXPECT_FALSE(table.find(making(100).forward));
    EXPECT_TRUE(table.find(making(101).forward));
}

/// Of a protocol that nobody knows as of UDP: what has no answer keeps nobody out.
TEST_F(TableTest, UnansweredProtocolsMakeRoom) {
    constexpr uint8_t sctp = 132;
    for (uint32_t number = 0; number < 100; ++number) {
        ASSERT_NE(table.create(making(number, sctp, Timer::other), number), 0U);
    }
    const Ref answered = table.find(making(0, sctp).reverse);
    table.seen(answered, 100, 0);
    EXPECT_EQ(table[answered.index()].timer, Timer::other_replied);
    ASSERT_NE(table.create(making(100), 101), 0U);
    EXPECT_EQ(ended(Ending::displaced), (std::vector<uint32_t>{1}));
}

TEST_F(TableTest, ARefusalKeepsNothingOpen) {
    const SessionIndex index = table.create(making(1, tcp, Timer::tcp_transitory), 0);
    table.seen(Ref(index, Direction::reverse), 100, rst | ack);
    EXPECT_EQ(table[index].last_seen, 0U);
    table.age(240 * second + 1, 10);
    EXPECT_FALSE(table[index].alive());
}

TEST_F(TableTest, AClosedOneTakesNoMore) {
    const SessionIndex index = table.create(making(1), 0);
    table.set_closed(true);
    EXPECT_EQ(table.create(making(2), 0), 0U);
    EXPECT_TRUE(table[index].alive());
    table.set_closed(false);
    EXPECT_NE(table.create(making(2), 0), 0U);
}

TEST_F(TableTest, RefusesWhereNoneMayGo) {
    for (uint32_t number = 0; number < 100; ++number) {
        ASSERT_NE(table.create(making(number, tcp, Timer::tcp_established), 0), 0U);
    }
    EXPECT_EQ(table.create(making(100), 0), 0U);
    EXPECT_EQ(table.counters().refused.read(), 1U);
    EXPECT_TRUE(told.users.empty());
    table.end(table.find(making(7, tcp).forward).index(), Ending::removed);
    EXPECT_NE(table.create(making(100), 0), 0U);
}

TEST_F(TableTest, ManyLives) {
    std::mt19937 random(1);
    std::vector<bool> there(1000);
    Tick now = 0;
    for (unsigned round = 0; round < 100'000; ++round) {
        const uint32_t number = random() % 1000;
        const Table::Making made = making(number, tcp, Timer::tcp_transitory);
        const Ref ref = table.find(made.forward);
        ASSERT_EQ(bool(ref), there[number]);
        ASSERT_EQ(bool(table.find(made.reverse)), there[number]);
        if (!ref) {
            ASSERT_NE(table.create(made, now), 0U);
            there[number] = true;
        } else if (random() % 2 == 0) {
            table.end(ref.index(), Ending::removed);
        } else {
            table.seen(ref, now, random() % 2 == 0 ? syn : ack);
        }
        now += random() % 64;
        table.age(now, random() % 4);
        for (const auto& [user, ending] : told.users) {
            there[user] = false;
        }
        told.users.clear();
        ASSERT_LE(table.counters().sessions.read(), 100U);
    }
    EXPECT_LE(table.highest(), 100U);
}

}  // namespace
}  // namespace vnet::flow
