// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/index.hpp"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace vnet::flow {
namespace {

/// Everybody has the key that its number is.
auto is(uint32_t wanted) {
    return [wanted](uint32_t value) { return value == wanted; };
}

TEST(Index, FindsWhatIsInIt) {
    Index index(100);
    EXPECT_EQ(index.find(7, is(1)), Index::none);
    EXPECT_TRUE(index.insert(7, 1));
    EXPECT_TRUE(index.insert(7, Index::most_value));
    EXPECT_EQ(index.find(7, is(1)), 1U);
    EXPECT_EQ(index.find(7, is(Index::most_value)), Index::most_value);
    EXPECT_EQ(index.guess(7), 1U);
    EXPECT_EQ(index.find(7, is(2)), Index::none);
    EXPECT_FALSE(index.erase(7, 2));
    EXPECT_TRUE(index.erase(7, 1));
    EXPECT_EQ(index.find(7, is(1)), Index::none);
    EXPECT_EQ(index.size(), 1U);
}

TEST(Index, AgreesWithAMapAtEveryLoad) {
    for (const double load : {0.1, 0.5, 0.8, 0.9}) {
        constexpr uint32_t most = 20'000;
        Index index(most, load);
        std::unordered_map<uint32_t, uint64_t> map;
        std::mt19937_64 random(42);
        for (unsigned round = 0; round < 200'000; ++round) {
            const auto value = uint32_t(random() % most);
            if (const auto found = map.find(value); found != map.end()) {
                ASSERT_EQ(index.find(found->second, is(value)), value);
                if (round % 3 == 0) {
                    ASSERT_TRUE(index.erase(found->second, value));
                    map.erase(found);
                }
            } else {
                const uint64_t hash = random();
                ASSERT_EQ(index.find(hash, is(value)), Index::none);
                ASSERT_TRUE(index.insert(hash, value));
                map.emplace(value, hash);
            }
            ASSERT_EQ(index.size(), map.size());
        }
        // Full, and empty again without a trace.
        for (uint32_t value = 0; value < most; ++value) {
            if (!map.contains(value)) {
                const uint64_t hash = random();
                ASSERT_TRUE(index.insert(hash, value)) << load;
                map.emplace(value, hash);
            }
        }
        for (const auto& [value, hash] : map) {
            ASSERT_EQ(index.find(hash, is(value)), value);
        }
        for (const auto& [value, hash] : map) {
            ASSERT_TRUE(index.erase(hash, value));
            ASSERT_EQ(index.find(hash, is(value)), Index::none);
        }
        EXPECT_EQ(index.size(), 0U);
    }
}

TEST(Index, RefusesWhatHasNoPlaceAndGoesOn) {
    // All of one hash: one bucket after the other, as far as may be gone.
    Index index(100'000);
    const unsigned most = (Index::most_passed + 1) * Index::places;
    for (unsigned value = 0; value < most; ++value) {
        ASSERT_TRUE(index.insert(99, value));
    }
    EXPECT_FALSE(index.insert(99, most));
    EXPECT_EQ(index.size(), most);
    for (unsigned value = 0; value < most; ++value) {
        ASSERT_EQ(index.find(99, is(value)), value);
    }
    EXPECT_EQ(index.find(99, is(most)), Index::none);
    EXPECT_TRUE(index.erase(99, 500));
    EXPECT_TRUE(index.insert(99, most));
    EXPECT_EQ(index.find(99, is(most)), most);
}

}  // namespace
}  // namespace vnet::flow
