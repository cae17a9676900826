// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/port_bitmap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace nat44 {
namespace {

constexpr PortRange ranges[] = {{1024, 65535}, {0, 65535}, {65535, 65535}, {0, 0},
                                {1001, 1064},  {7, 70},    {1025, 3333},   {64, 127}};

TEST(PortBitmap, GivesOutEveryPortOnce) {
    std::mt19937 random(1);
    for (const PortRange& range : ranges) {
        PortBitmap ports(range);
        std::set<uint16_t> taken;
        for (uint32_t i = 0; i < range.size(); ++i) {
            EXPECT_EQ(ports.used(), i);
            const auto port = ports.claim(uint32_t(random()));
            ASSERT_TRUE(port);
            ASSERT_TRUE(range.contains(*port));
            ASSERT_TRUE(taken.insert(*port).second) << *port;
            ASSERT_TRUE(ports.is_taken(*port));
        }
        EXPECT_FALSE(ports.claim(uint32_t(random())));
        EXPECT_FALSE(ports.claim(uint32_t(random()), Parity::odd));
        EXPECT_EQ(ports.used(), range.size());
        for (const uint16_t port : taken) {
            ports.release(port);
            ports.release(port);
            EXPECT_FALSE(ports.is_taken(port));
        }
        EXPECT_EQ(ports.used(), 0u);
    }
}

TEST(PortBitmap, KeepsParityWhileItCan) {
    std::mt19937 random(2);
    for (const PortRange& range : ranges) {
        for (const Parity parity : {Parity::even, Parity::odd}) {
            PortBitmap ports(range);
            uint32_t of_parity = 0;
            for (uint32_t port = range.first; port <= range.last; ++port) {
                of_parity += parity_of(uint16_t(port)) == parity;
            }
            for (uint32_t i = 0; i < range.size(); ++i) {
                const auto port = ports.claim(uint32_t(random()), parity);
                ASSERT_TRUE(port);
                ASSERT_EQ(parity_of(*port) == parity, i < of_parity);
            }
            EXPECT_FALSE(ports.claim(uint32_t(random()), parity));
        }
    }
}

TEST(PortBitmap, TakesThisVeryPort) {
    PortBitmap ports({2000, 2999});
    EXPECT_TRUE(ports.take(2500));
    EXPECT_FALSE(ports.take(2500));
    EXPECT_FALSE(ports.take(1999));
    EXPECT_FALSE(ports.take(3000));
    EXPECT_EQ(ports.used(), 1u);
    ports.release(3000);
    ports.release(2999);
    EXPECT_EQ(ports.used(), 1u);
    ports.release(2500);
    EXPECT_TRUE(ports.take(2500));
}

TEST(PortBitmap, ClaimsWithinABlock) {
    std::mt19937 random(3);
    for (unsigned round = 0; round < 200; ++round) {
        PortBitmap ports({1001, 5000});
        uint16_t ends[] = {uint16_t(1001 + random() % 4000), uint16_t(1001 + random() % 4000)};
        std::sort(std::begin(ends), std::end(ends));
        const PortRange block{ends[0], ends[1]};
        for (uint32_t i = 0; i < block.size(); ++i) {
            const Parity parity = Parity(random() % 3);
            const auto port = ports.claim_in(block, uint32_t(random()), parity);
            ASSERT_TRUE(port);
            ASSERT_TRUE(block.contains(*port));
        }
        EXPECT_FALSE(ports.claim_in(block, uint32_t(random())));
        EXPECT_EQ(ports.used(), block.size());
    }
    PortBitmap ports({1001, 5000});
    EXPECT_FALSE(ports.claim_in({900, 1100}, 0));
    EXPECT_FALSE(ports.claim_in({4900, 5001}, 0));
}

TEST(PortBitmap, AgreesWithASetWhateverIsDone) {
    std::mt19937 random(4);
    const PortRange range{3, 402};
    PortBitmap ports(range);
    std::set<uint16_t> taken;
    for (unsigned i = 0; i < 100'000; ++i) {
        const auto port = uint16_t(random() % 410);
        switch (random() % 3) {
            case 0:
                ASSERT_EQ(ports.take(port), range.contains(port) && taken.insert(port).second);
                break;
            case 1:
                ports.release(port);
                taken.erase(port);
                break;
            default:
                const auto claimed = ports.claim(uint32_t(random()), Parity(random() % 3));
                ASSERT_EQ(claimed.has_value(), taken.size() < range.size());
                ASSERT_TRUE(!claimed || taken.insert(*claimed).second);
        }
        ASSERT_EQ(ports.used(), taken.size());
        ASSERT_EQ(ports.is_taken(port), taken.contains(port));
    }
}

/// Of an empty bitmap every port comes about as often.
TEST(PortBitmap, IsEvenlyRandom) {
    std::mt19937 random(5);
    PortBitmap ports({1000, 1999});
    std::vector<unsigned> times(1000);
    for (unsigned i = 0; i < 100'000; ++i) {
        const auto port = ports.claim(uint32_t(random()));
        ++times[*port - 1000];
        ports.release(*port);
    }
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    EXPECT_GT(*least, 50u);
    EXPECT_LT(*most, 150u);
}

}  // namespace
}  // namespace nat44
