// SPDX-License-Identifier: Apache-2.0
#include "graph/rates.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "graph/memory.hpp"
#include "graph/stable_array.hpp"

namespace graph {
namespace {

constexpr Rates::Clock::time_point start{std::chrono::hours(1)};

TEST(Rates, AreTheDifferenceOfTwoSamplesByTheirTime) {
    Rates rates;
    rates.take(start, {{10, 100, 5000, 0}}, {7});
    rates.take(start + std::chrono::seconds(2), {{20, 300, 15000, 0}}, {27});
    EXPECT_DOUBLE_EQ(rates.seconds(), 2);
    EXPECT_DOUBLE_EQ(rates.node(0).packets_per_second, 100);
    EXPECT_DOUBLE_EQ(rates.node(0).calls_per_second, 5);
    EXPECT_DOUBLE_EQ(rates.node(0).clocks_per_packet, 50);
    EXPECT_DOUBLE_EQ(rates.drop(0), 10);
}

TEST(Rates, AreZeroForWhatIsNotKnownTwice) {
    Rates rates;
    EXPECT_EQ(rates.node(0).packets_per_second, 0);
    rates.take(start, {{1, 1, 1, 0}}, {});
    EXPECT_EQ(rates.node(0).packets_per_second, 0);
    rates.take(start + std::chrono::seconds(1), {{1, 1, 1, 0}, {1, 1, 1, 0}}, {5});
    EXPECT_EQ(rates.node(0).packets_per_second, 0);
    EXPECT_EQ(rates.node(0).clocks_per_packet, 0);
    EXPECT_EQ(rates.node(1).packets_per_second, 0);
    EXPECT_EQ(rates.drop(0), 0);
}

TEST(WorkerClocks, TellOfTheLastFiveSamples) {
    WorkerClocks clocks(2);
    EXPECT_EQ(clocks.since(1, {100, 10, 20}).tsc, 0U) << "nothing to compare with yet";
    for (uint64_t second = 1; second <= 8; ++second) {
        clocks.take(1, {1000 * second, 10 * second, 500 * second});
    }
    const WorkerClocks::Sample lately = clocks.since(1, {9000, 95, 4500});
    EXPECT_EQ(lately.tsc, 5000U);
    EXPECT_EQ(lately.busy, 55U);
    EXPECT_EQ(lately.asleep, 2500U);
}

TEST(Memory, CountsThePagesThatWereTouched) {
    StableArray<uint8_t> array(size_t(64) << 20);
    EXPECT_EQ(array.memory().touched_bytes, 0U);
    EXPECT_EQ(array.memory().reserved_bytes, size_t(64) << 20);
    // Where the kernel gives huge pages unasked, one of them comes at the first touch.
    std::memset(array.data() + (size_t(32) << 20), 1, size_t(4) << 20);
    EXPECT_GE(array.memory().touched_bytes, size_t(4) << 20);
    EXPECT_LT(array.memory().touched_bytes, size_t(16) << 20);
}

TEST(Memory, KnowsTheProcess) {
    const ProcessMemory memory = process_memory();
    EXPECT_GT(memory.resident_bytes, 1U << 20);
    EXPECT_GE(memory.virtual_bytes, memory.resident_bytes);
#ifndef __SANITIZE_ADDRESS__
    // AddressSanitizer's malloc does not say.
    EXPECT_GT(memory.heap_bytes, 0U);
#endif
}

}  // namespace
}  // namespace graph
