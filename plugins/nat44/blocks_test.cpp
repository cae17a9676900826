// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/blocks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace nat44 {
namespace {

TEST(PortBlocks, SizesArePowersOfTwo) {
    for (const unsigned size : {64u, 128u, 512u, 4096u}) {
        EXPECT_TRUE(PortBlocks::check_size(size).ok());
    }
    for (const unsigned size : {0u, 1u, 32u, 65u, 8192u}) {
        EXPECT_THAT(std::string(PortBlocks::check_size(size).message()),
                    ::testing::HasSubstr("a power of two from 64 to 4096"));
    }
}

TEST(PortBlocks, GivesEveryBlockToOneHost) {
    std::mt19937 random(1);
    for (unsigned size = PortBlocks::least_size; size <= PortBlocks::most_size; size *= 2) {
        for (const unsigned workers : {1u, 3u, 15u}) {
            const auto partition = PortPartition::make({1024, 65535}, workers, size);
            ASSERT_TRUE(partition.ok());
            for (unsigned worker = 0; worker < workers; ++worker) {
                const PortRange part = partition->part(worker);
                PortBlocks blocks(part, size);
                ASSERT_EQ(blocks.blocks() * size, part.size());
                for (uint32_t host = 0; host < blocks.blocks(); ++host) {
                    ASSERT_EQ(blocks.free(), blocks.blocks() - host);
                    const auto block = blocks.claim(host, uint32_t(random()));
                    ASSERT_TRUE(block);
                    ASSERT_EQ(block->size(), size);
                    ASSERT_TRUE(part.contains(block->first) && part.contains(block->last));
                    ASSERT_EQ(blocks.owner(block->first), host);
                    ASSERT_EQ(blocks.owner(block->last), host);
                }
                EXPECT_FALSE(blocks.claim(7, uint32_t(random())));
                EXPECT_EQ(blocks.free(), 0u);
            }
        }
    }
}

TEST(PortBlocks, AgreesWithAMapWhateverIsDone) {
    std::mt19937 random(2);
    PortBlocks blocks({1024, 1024 + 100 * 64 - 1}, 64);
    std::map<uint32_t, PortBlocks::Host> owners;
    for (uint32_t i = 0; i < 50'000; ++i) {
        if (random() % 2 == 0) {
            const auto block = blocks.claim(i, uint32_t(random()));
            ASSERT_EQ(block.has_value(), owners.size() < 100);
            ASSERT_TRUE(!block || owners.emplace((block->first - 1024) / 64, i).second);
        } else {
            const uint32_t port = 1000 + random() % 6500;
            blocks.release(uint16_t(port));
            if (port >= 1024) {
                owners.erase((port - 1024) / 64);
            }
        }
        const uint32_t port = random() % 8000;
        const auto owner = owners.find((port - 1024) / 64);
        ASSERT_EQ(blocks.owner(uint16_t(port)),
                  port < 1024 || owner == owners.end() ? PortBlocks::nobody : owner->second);
        ASSERT_EQ(blocks.free(), 100 - owners.size());
    }
}

TEST(PortBlocks, OddEndsAreOfNoBlock) {
    PortBlocks blocks({1000, 1200}, 64);
    EXPECT_EQ(blocks.blocks(), 3u);
    for (unsigned i = 0; i < 3; ++i) {
        EXPECT_TRUE(blocks.claim(1, i));
    }
    EXPECT_EQ(blocks.owner(1000), 1u);
    EXPECT_EQ(blocks.owner(1191), 1u);
    EXPECT_EQ(blocks.owner(1192), PortBlocks::nobody);
    EXPECT_EQ(blocks.owner(999), PortBlocks::nobody);
    blocks.release(1192);
    blocks.release(999);
    EXPECT_EQ(blocks.free(), 0u);
}

}  // namespace
}  // namespace nat44
