// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/policer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace qos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using vnet::meter::Kind;
using vnet::meter::Unit;

constexpr uint64_t second = 1'000'000;
constexpr auto G = Colour::green;
constexpr auto Y = Colour::yellow;
constexpr auto R = Colour::red;

/// Two packets conform and one exceeds after a pause.
Policer::Setting setting(Scope scope = Scope::all) {
    Policer::Setting made;
    made.terms = {Kind::single_rate, Unit::packets, false, 1, 2, 0, 1};
    made.scope = scope;
    made.flows = FlowStates::least;
    return made;
}
std::vector<Colour> run(const Policer& policer, const std::vector<uint64_t>& keys,
                        unsigned context = 0, uint64_t now = second) {
    const std::vector<uint32_t> bytes(keys.size(), 100);
    std::vector<Colour> colour(keys.size(), G);
    if (policer.run(context, now, bytes, keys, colour)) {
        colour.assign(keys.size(), G);
    }
    return colour;
}

TEST(Policer, CountsWhatItColours) {
    const Policer policer(setting(), 3, second);
    EXPECT_THAT(run(policer, {0, 0, 0, 0}), ElementsAre(G, G, Y, R));
    EXPECT_THAT(run(policer, {0}, 1), ElementsAre(R));
    const auto totals = policer.totals();
    EXPECT_THAT(totals.packets, ElementsAre(2, 1, 2));
    EXPECT_THAT(totals.bytes, ElementsAre(200, 100, 200));
    EXPECT_EQ(totals.crowded, 0U);
}

TEST(Policer, ADryRunTakesAndCountsNothing) {
    for (const Scope scope : {Scope::all, Scope::flow}) {
        const Policer policer(setting(scope), 3, second);
        for (int i = 0; i < 4; ++i) {
            EXPECT_THAT(run(policer, {7}, 2), ElementsAre(G));
        }
        EXPECT_THAT(run(policer, {7, 7, 7, 7}), ElementsAre(G, G, Y, R));
        EXPECT_THAT(run(policer, {7}, 2), ElementsAre(R));
        EXPECT_THAT(policer.totals().packets, ElementsAre(2, 1, 1));
    }
}

TEST(Policer, EachFlowHasTheRate) {
    const Policer policer(setting(Scope::flow), 2, second);
    EXPECT_THAT(run(policer, {1, 2, 1, 2, 1, 1}), ElementsAre(G, G, G, G, Y, R));
    // Of a set of four, the fifth and the sixth share the rate of those without room.
    std::vector<uint64_t> keys;
    for (uint64_t n = 0; n < 6; ++n) {
        keys.push_back(n << 20 | 9);
    }
    EXPECT_THAT(run(policer, keys), ElementsAre(G, G, G, G, G, G));
    EXPECT_THAT(run(policer, keys), ElementsAre(G, G, G, G, Y, R));
    EXPECT_EQ(policer.totals().crowded, 4U);
}

TEST(Policer, RefusesInASentence) {
    const auto refusal = [](auto change) {
        Policer::Setting made = setting();
        change(made);
        return std::string(Policer::check(made).message());
    };
    EXPECT_EQ(refusal([](auto&) {}), "");
    EXPECT_EQ(refusal([](auto& made) { made.flows = 1000; }),
              "1000 is no number of flows to keep account of; give a power of two from 1024 to "
              "1048576");
    EXPECT_EQ(refusal([](auto& made) { made.actions[1].dscp = 64; }),
              "DSCP 64 is out of range; give 0 to 63");
    EXPECT_EQ(refusal([](auto& made) {
                  made.actions[2] = {true, 8};
              }),
              "what is dropped passes with no DSCP; leave one of both out");
    EXPECT_THAT(refusal([](auto& made) { made.terms.committed_rate = 0; }),
                HasSubstr("committed rate"));
}

}  // namespace
}  // namespace qos
