// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "vnet/flow/table.hpp"

namespace vnet::flow {
namespace {

/// A worker makes, hears and ends sessions while another thread reads them all: what it reads
/// is one session, never halves of two.
TEST(Reader, SeesWholeSessions) {
    const SharedTimeouts timeouts;
    const Owners owners;
    Table table({timeouts, owners, 0, 64, 1, 0});
    std::atomic<bool> done{false};
    uint64_t read = 0;
    // In every session all numbers are made of one.
    std::thread reader([&] {
        while (!done.load() || read == 0) {
            for (SessionIndex index = 1; index <= table.highest(); ++index) {
                const auto session = table.at(index).copy();
                if (!session) {
                    continue;
                }
                const uint32_t number = session->user;
                ASSERT_EQ(session->forward.source, wire::Ip4Address(number));
                ASSERT_EQ(session->forward.ports.raw, number);
                ASSERT_EQ(session->reverse.destination, wire::Ip4Address(~number));
                ASSERT_TRUE(session->alive());
                ++read;
            }
        }
    });
    std::mt19937 random(3);
    for (unsigned round = 0; round < 50'000; ++round) {
        const auto number = uint32_t(random()) | 1;
        const wire::Ip4Address one(number);
        const wire::Ip4Address other(~number);
        const SessionIndex index = table.create({{one, other, {number}, 0, 6, 0},
                                                 {other, other, {number}, 0, 6, 0},
                                                 Timer::tcp_transitory,
                                                 0,
                                                 0,
                                                 number},
                                                round);
        ASSERT_NE(index, 0U);
        table.seen(Ref(index, Direction::forward), round, 0x10);
        table.seen(Ref(index, Direction::reverse), round, 0x10);
        if (random() % 2 == 0) {
            table.end(index, Ending::removed);
        } else {
            // Established ones would fill the table.
            table.seen(Ref(index, Direction::reverse), round, 0x04);
        }
    }
    done.store(true);
    reader.join();
    EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace vnet::flow
