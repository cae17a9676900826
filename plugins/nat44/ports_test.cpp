// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/ports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace nat44 {
namespace {

using ::testing::HasSubstr;

/// Parts follow one another, differ by a block at most, and every port's worker is that of its
/// part. False says that there are fewer blocks than workers.
bool check(PortRange range, unsigned workers, unsigned block) {
    const auto partition = PortPartition::make(range, workers, block);
    if (!partition.ok()) {
        EXPECT_LT(range.size() / block, workers);
        return false;
    }
    uint32_t next = range.first;
    uint32_t least = ~0u;
    uint32_t most = 0;
    for (unsigned worker = 0; worker < workers; ++worker) {
        const PortRange part = partition->part(worker);
        EXPECT_EQ(part.first, next);
        EXPECT_EQ(part.size() % block, 0u);
        least = std::min(least, part.size());
        most = std::max(most, part.size());
        for (uint32_t port = part.first; port <= part.last; ++port) {
            if (partition->worker_of(uint16_t(port)) != worker) {
                ADD_FAILURE() << port << " of " << range.first << '-' << range.last << " by "
                              << block << " has worker " << partition->worker_of(uint16_t(port))
                              << ", not " << worker << " of " << workers;
                return true;
            }
        }
        next = uint32_t(part.last) + 1;
    }
    EXPECT_LE(most - least, block);
    EXPECT_LT(range.last + 1 - next, block) << "ports at the end";
    return true;
}

TEST(PortPartition, IsInvertedForAllPortsAndWorkers) {
    for (unsigned workers = 1; workers <= 64; ++workers) {
        EXPECT_TRUE(check({0, 65535}, workers, 1));
        EXPECT_TRUE(check({1024, 65535}, workers, 1));
        EXPECT_TRUE(check({1024, 65535}, workers, 64));
        EXPECT_TRUE(check({1024, 65535}, workers, 1000));
        EXPECT_EQ(check({1024, 65535}, workers, 4096), workers <= 15);
    }
}

TEST(PortPartition, IsInvertedForAnyRange) {
    std::mt19937 random(6);
    for (unsigned i = 0; i < 500; ++i) {
        uint16_t ends[] = {uint16_t(random()), uint16_t(random())};
        std::sort(std::begin(ends), std::end(ends));
        check({ends[0], ends[1]}, 1 + random() % 64, 1 + random() % (1u << random() % 13));
    }
}

TEST(PortPartition, PortsOfNoPartHaveWorkersToo) {
    for (unsigned workers = 1; workers <= 64; ++workers) {
        const auto partition = PortPartition::make({10000, 20000}, workers, 64);
        ASSERT_TRUE(partition.ok());
        std::vector<unsigned> ports(workers);
        for (uint32_t port = 0; port <= 65535; ++port) {
            const unsigned worker = partition->worker_of(uint16_t(port));
            ASSERT_LT(worker, workers);
            ports[worker] += port < 1024;
        }
        EXPECT_GE(*std::min_element(ports.begin(), ports.end()), 1024 / workers / 2);
    }
}

TEST(PortPartition, RefusesWhatItCannotDivide) {
    EXPECT_THAT(std::string(PortPartition::make({1024, 1027}, 5).status().message()),
                HasSubstr("make 4 blocks of 1, which is not one for each of 5 workers"));
    EXPECT_THAT(std::string(PortPartition::make({5, 4}, 1).status().message()),
                HasSubstr("the first is above the last"));
    EXPECT_FALSE(PortPartition::make({1024, 65535}, 0).ok());
    EXPECT_FALSE(PortPartition::make({1024, 65535}, 65).ok());
    EXPECT_FALSE(PortPartition::make({1024, 65535}, 1, 0).ok());
}

}  // namespace
}  // namespace nat44
