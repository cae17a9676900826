// SPDX-License-Identifier: Apache-2.0
#include "perf/fib4/poptrie.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace perf::fib4 {
namespace {

/// The first address of each run of equal values.
class Runs {
public:
    void paint(uint32_t first, uint32_t last, uint32_t value) {
        if (last != UINT32_MAX) {
            runs_[last + 1] = lookup(last + 1);
        }
        runs_.erase(runs_.lower_bound(first), runs_.upper_bound(last));
        runs_[first] = value;
    }
    uint32_t lookup(uint32_t address) const {
        return std::prev(runs_.upper_bound(address))->second;
    }

private:
    std::map<uint32_t, uint32_t> runs_{{0, 0}};
};

class PoptrieTest : public ::testing::TestWithParam<unsigned> {
protected:
    void paint(uint32_t first, uint32_t last, uint32_t value) {
        trie_.paint(first, last, value);
        runs_.paint(first, last, value);
        rcu_.reclaim();
    }
    void expect_same(uint32_t address) {
        ASSERT_EQ(trie_.lookup(address), runs_.lookup(address)) << std::hex << address;
    }

    graph::Rcu rcu_{1};
    Poptrie trie_{rcu_, GetParam()};
    Runs runs_;
};

TEST_P(PoptrieTest, IsZeroAtFirst) {
    EXPECT_EQ(trie_.lookup(0), 0u);
    EXPECT_EQ(trie_.lookup(UINT32_MAX), 0u);
    EXPECT_EQ(trie_.nodes_in_use(), 0u);
}

TEST_P(PoptrieTest, KnowsOneAddress) {
    paint(0x0a000001, 0x0a000001, 7);
    for (const uint32_t address : {0u, 0x0a000000u, 0x0a000001u, 0x0a000002u, UINT32_MAX}) {
        expect_same(address);
    }
}

TEST_P(PoptrieTest, KnowsTheEdgesOfEachLength) {
    for (unsigned length = 0; length <= 32; ++length) {
        const uint64_t span = uint64_t(1) << (32 - length);
        const auto first = uint32_t(0xc0000000 & ~(span - 1));
        const auto last = uint32_t(first + span - 1);
        paint(first, last, length + 1);
        for (const uint32_t address : {first - 1, first, last, last + 1}) {
            expect_same(address);
        }
    }
}

TEST_P(PoptrieTest, IsWhatWasPaintedLastInAnyOrder) {
    std::mt19937 random(1);
    std::vector<uint32_t> edges = {0, UINT32_MAX};
    for (int i = 0; i < 3000; ++i) {
        // Near one another, so that they overlap, and now and then anywhere.
        const uint32_t first = i % 4 == 0 ? random() : 0x0a000000 + random() % 0x40000;
        const uint32_t span = random() >> (random() % 32);
        const uint32_t last = first + std::min(span, UINT32_MAX - first);
        paint(first, last, random() % 4);
        edges.insert(edges.end(), {first - 1, first, last, last + 1});
        if (i % 100 == 0) {
            for (const uint32_t edge : edges) {
                expect_same(edge);
            }
        }
    }
}

TEST_P(PoptrieTest, GivesEverythingBack) {
    std::mt19937 random(2);
    for (int i = 0; i < 1000; ++i) {
        const uint32_t first = random() & 0xfffffff0;
        paint(first, first + random() % 16, 1 + random() % 9);
    }
    EXPECT_GT(trie_.nodes_in_use(), 0u);
    paint(0, UINT32_MAX, 5);
    rcu_.flush();
    EXPECT_EQ(trie_.nodes_in_use(), 0u);
    EXPECT_EQ(trie_.leaves_in_use(), 0u);
    EXPECT_EQ(trie_.lookup(12345), 5u);
}

INSTANTIATE_TEST_SUITE_P(DirectBits, PoptrieTest, ::testing::Values(0, 8, 14, 16, 18));

}  // namespace
}  // namespace perf::fib4
