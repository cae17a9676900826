// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/flow_states.hpp"

#include <gtest/gtest.h>

#include <set>

namespace qos {
namespace {

using vnet::meter::Colour;
using vnet::meter::Kind;
using vnet::meter::Meter;
using vnet::meter::State;
using vnet::meter::Unit;

/// One packet a second, two at once; a clock of a thousand a second.
const Meter& meter() {
    static const Meter one({Kind::single_rate, Unit::packets, false, 1, 2, 0, 0}, 1000);
    return one;
}
bool passes(State& state, uint64_t now) {
    const uint32_t bytes = 60;
    Colour colour = Colour::green;
    return meter().run(state, now, {&bytes, 1}, {&colour, 1}).all_green;
}

TEST(FlowStates, EachFlowHasItsOwn) {
    FlowStates flows(FlowStates::least);
    for (uint64_t key = 0; key < 200; ++key) {
        State* state = flows.find(key * 7919, meter(), 1000);
        ASSERT_NE(state, nullptr);
        EXPECT_TRUE(passes(*state, 1000));
        EXPECT_TRUE(passes(*state, 1000));
        EXPECT_FALSE(passes(*state, 1000));
        EXPECT_EQ(flows.find(key * 7919, meter(), 1000), state);
        EXPECT_EQ(flows.peek(key * 7919), state);
    }
    EXPECT_EQ(flows.peek(123'456), nullptr);
}

TEST(FlowStates, WhoseBucketsAreFullGivesWay) {
    FlowStates flows(FlowStates::least);
    // All of one set.
    const auto key = [](uint64_t n) { return n << 20 | 5; };
    std::set<State*> places;
    for (uint64_t n = 1; n <= 4; ++n) {
        State* state = flows.find(key(n), meter(), 1000);
        ASSERT_NE(state, nullptr);
        EXPECT_TRUE(passes(*state, 1000));
        places.insert(state);
    }
    EXPECT_EQ(places.size(), 4U);
    EXPECT_EQ(flows.find(key(5), meter(), 1000), nullptr);
    // One goes on, the others' buckets are full again a second later.
    State* first = flows.find(key(1), meter(), 1900);
    EXPECT_TRUE(passes(*first, 1900));
    State* fifth = flows.find(key(5), meter(), 2000);
    ASSERT_NE(fifth, nullptr);
    EXPECT_NE(fifth, first);
    EXPECT_EQ(flows.find(key(1), meter(), 2000), first);
    EXPECT_TRUE(passes(*fifth, 2000));
    EXPECT_TRUE(passes(*fifth, 2000));
    EXPECT_FALSE(passes(*fifth, 2000));
}

}  // namespace
}  // namespace qos
