// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/dir24.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

namespace vnet::ip4 {
namespace {

constexpr uint32_t last_address = 0xffff'ffff;

TEST(Dir24, NothingPaintedLeadsToTheDefault) {
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    EXPECT_EQ(table.lookup(0), 0u);
    EXPECT_EQ(table.lookup(last_address), 0u);
    table.set_default(9);
    EXPECT_EQ(table.lookup(0x0a000001), 9u);
    ASSERT_TRUE(table.paint(0x0a000000, 0x0a0000ff, 3));
    EXPECT_EQ(table.lookup(0x0a000001), 3u);
    ASSERT_TRUE(table.paint(0x0a000000, 0x0a0000ff, 0));
    EXPECT_EQ(table.lookup(0x0a000001), 9u);
}

TEST(Dir24, EdgesOfRanges) {
    struct Range {
        uint32_t first;
        uint32_t last;
        unsigned blocks;
    };
    for (const Range& range :
         {Range{0, last_address, 0}, Range{0, 0x7fff'ffff, 0}, Range{0x0a000000, 0x0a0000ff, 0},
          Range{0x0a000000, 0x0a00007f, 1}, Range{0x0a000080, 0x0a0000ff, 1},
          Range{0x0a000005, 0x0a000005, 1}, Range{0x0a0000ff, 0x0a000100, 2},
          Range{0x0a000080, 0x0a00ff7f, 2}, Range{0x0a000080, 0x0a0001ff, 1}, Range{0, 0, 1},
          Range{last_address, last_address, 1}}) {
        graph::Rcu rcu(1);
        Dir24 table(rcu);
        ASSERT_TRUE(table.paint(range.first, range.last, 5));
        EXPECT_EQ(table.lookup(range.first), 5u);
        EXPECT_EQ(table.lookup(range.last), 5u);
        EXPECT_EQ(table.lookup(range.first + (range.last - range.first) / 2), 5u);
        if (range.first != 0) {
            EXPECT_EQ(table.lookup(range.first - 1), 0u);
        }
        if (range.last != last_address) {
            EXPECT_EQ(table.lookup(range.last + 1), 0u);
        }
        EXPECT_EQ(table.blocks_in_use(), range.blocks);
    }
}

TEST(Dir24, ABlockStaysUntilItIsJoinedOrPaintedWhole) {
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    ASSERT_TRUE(table.paint(0x0a000000, 0x0a00007f, 1));
    table.join(0x0a000003);
    EXPECT_EQ(table.blocks_in_use(), 1u) << "two paths in it";
    ASSERT_TRUE(table.paint(0x0a000080, 0x0a0000ff, 1));
    EXPECT_EQ(table.blocks_in_use(), 1u);
    table.join(0x0a0000ee);
    EXPECT_EQ(table.blocks_in_use(), 0u);
    EXPECT_EQ(table.lookup(0x0a000080), 1u);
    table.join(0x0b000000);
    // Painted with what is there already: the block is taken all the same, so that it can be
    // painted later.
    ASSERT_TRUE(table.paint(0x0a000010, 0x0a000010, 1));
    EXPECT_EQ(table.blocks_in_use(), 1u);
    ASSERT_TRUE(table.paint(0x09000000, 0x0affffff, 2));
    EXPECT_EQ(table.blocks_in_use(), 0u);
    EXPECT_EQ(table.lookup(0x0a000010), 2u);
}

TEST(Dir24, BlocksAreUsedAgain) {
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    for (unsigned round = 0; round < 4; ++round) {
        for (uint32_t i = 0; i < Dir24::max_blocks; ++i) {
            ASSERT_TRUE(table.paint(i << 8 | 3, i << 8 | 3, round + 1));
        }
        EXPECT_EQ(table.blocks_in_use(), Dir24::max_blocks);
        ASSERT_TRUE(table.paint(0, last_address, 0));
        EXPECT_EQ(table.blocks_in_use(), 0u);
    }
}

TEST(Dir24, MemoryIsGivenBackAndUsedAgain) {
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    table.set_default(7);
    for (unsigned round = 0; round < 3; ++round) {
        ASSERT_TRUE(table.paint(0x0a000000, 0x0a0fffff, 1));
        ASSERT_TRUE(table.paint(0x0b000000, 0x0b000007, 2));
        EXPECT_EQ(table.give_back(), 0u);
        ASSERT_TRUE(table.paint(0x0a000000, 0x0a0fffff, 0));
        // 4096 entries, in four pages.
        EXPECT_EQ(table.give_back(), 4u);
        EXPECT_EQ(table.give_back(), 0u);
        EXPECT_EQ(table.lookup(0x0a000001), 7u);
        EXPECT_EQ(table.lookup(0x0b000001), 2u);
        ASSERT_TRUE(table.paint(0x0b000000, 0x0b0000ff, 0));
        EXPECT_EQ(table.give_back(), 1u) << "the block waits for its grace period";
        rcu.flush();
        EXPECT_EQ(table.give_back(), 1u);
        EXPECT_EQ(table.lookup(0x0b000001), 7u);
    }
}

TEST(Dir24, MovesToLargePagesAndBack) {
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    table.set_default(7);
    EXPECT_FALSE(table.fit_pages());
    for (unsigned round = 0; round < 2; ++round) {
        // Half of the table: 8192 pages of 4 KB, each with something in it.
        for (uint32_t page = 0; page < 8192; ++page) {
            ASSERT_TRUE(table.paint(page << 18, (page << 18) + 0x1ff, page + 1));
        }
        ASSERT_TRUE(table.paint(0x80000000, 0x80000007, 9));
        ASSERT_TRUE(table.fit_pages());
        EXPECT_EQ(table.pages(), graph::Pages::large);
        EXPECT_FALSE(table.fit_pages());
        rcu.flush();
        for (uint32_t page = 0; page < 8192; ++page) {
            ASSERT_EQ(table.lookup((page << 18) + 0x1ff), page + 1);
            ASSERT_EQ(table.lookup((page << 18) + 0x200), 7u);
        }
        EXPECT_EQ(table.lookup(0x80000001), 9u);
        ASSERT_TRUE(table.paint(0, 0x7fffffff, 0));
        EXPECT_TRUE(table.fit_pages());
        EXPECT_EQ(table.pages(), graph::Pages::small);
        rcu.flush();
        EXPECT_EQ(table.lookup(3), 7u);
        EXPECT_EQ(table.lookup(0x80000001), 9u);
        EXPECT_LT(table.first_memory().touched_bytes, 1u << 20);
    }
}

TEST(Dir24, WithoutBlocksNothingChanges) {
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    for (uint32_t i = 0; i + 1 < Dir24::max_blocks; ++i) {
        ASSERT_TRUE(table.paint(i << 8, i << 8, 1));
    }
    const uint32_t free_net = Dir24::max_blocks << 8;
    // One is left; a range with two ragged ends takes two.
    EXPECT_FALSE(table.paint(free_net | 5, (free_net + 0x500) | 5, 2));
    for (uint32_t address = free_net; address < free_net + 0x700; ++address) {
        ASSERT_EQ(table.lookup(address), 0u);
    }
    EXPECT_TRUE(table.paint(free_net | 5, free_net + 0x4ff, 2));
    EXPECT_EQ(table.blocks_in_use(), Dir24::max_blocks);
    EXPECT_FALSE(table.paint(free_net + 0x1000, free_net + 0x1000, 3));
    // Blocks that are there can be painted on, and whole ones always.
    EXPECT_TRUE(table.paint(1, 77, 4));
    EXPECT_TRUE(table.paint(free_net + 0x1000, free_net + 0x10ff, 4));
    EXPECT_EQ(table.lookup(77), 4u);
    EXPECT_EQ(table.lookup(free_net + 0x1001), 4u);
}

/// Every address of a small part of the space, painted at random, beside an array that is painted
/// alike.
TEST(Dir24, PaintsAsAnArrayWould) {
    constexpr uint32_t base = 0x0a'00'00'00;
    constexpr uint32_t size = 16 * 256;
    graph::Rcu rcu(1);
    Dir24 table(rcu);
    std::vector<uint32_t> model(size, 0);
    std::mt19937 random(1);
    for (unsigned round = 0; round < 3000; ++round) {
        uint32_t first = random() % size;
        uint32_t last = random() % 4 == 0 ? random() % size : first + random() % 300;
        last = std::min(last, size - 1);
        if (first > last) {
            std::swap(first, last);
        }
        const uint32_t path = random() % 5;
        ASSERT_TRUE(table.paint(base + first, base + last, path));
        std::fill(model.begin() + first, model.begin() + last + 1, path);
        table.join(base + random() % size);
        rcu.reclaim();
        for (unsigned i = 0; i < 40; ++i) {
            const uint32_t at = random() % size;
            ASSERT_EQ(table.lookup(base + at), model[at]);
        }
    }
    for (uint32_t at = 0; at < size; ++at) {
        ASSERT_EQ(table.lookup(base + at), model[at]);
    }
    EXPECT_LE(table.blocks_in_use(), 16u);
    EXPECT_EQ(table.lookup(base - 1), 0u);
    EXPECT_EQ(table.lookup(base + size), 0u);
}

}  // namespace
}  // namespace vnet::ip4
