// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/stations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_cycles.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace bridge {
namespace {

using ::testing::HasSubstr;
using vnet::wire::MacAddress;
using vnet::wire::testing::ip6;
using vnet::wire::testing::mac;

constexpr Index office = 1;
constexpr Index a = 2;
constexpr Index b = 3;
constexpr uint16_t linked = vnet::interface::flag::up | vnet::interface::flag::link;

struct StationsTest : ::testing::Test {
    StationsTest() {
        stations.open(office);
        for (const Index port : {a, b}) {
            shared.ports.set(port, office, {});
            table.hot(port).flags = linked;
        }
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    void set(uint32_t mac_limit, uint32_t move_limit, uint8_t suppressed = 0) {
        stations.set(office, {300, mac_limit, move_limit, suppressed});
    }
    /// A frame of the station, heard by a port `seconds_ago`.
    void hear(uint64_t number, Index port, uint64_t seconds_ago = 0) {
        shared.station_learner.tell(0, {station(office, MacAddress::from_uint64(number)), port},
                                    rte_rdtsc() - seconds_ago * rte_get_tsc_hz());
        stations.learn();
    }
    void hear_host(uint64_t number, uint64_t from, bool overrides = true,
                   uint64_t seconds_ago = 0) {
        shared.host_learner.tell(0, {host(number), {from, false, false, overrides}},
                                 rte_rdtsc() - seconds_ago * rte_get_tsc_hz());
        stations.learn();
    }
    static HostKey host(uint64_t number) {
        return {vnet::wire::Ip6Address(0x2001'0db8'0000'0000, number), office};
    }
    Index where(uint64_t number) {
        const auto* known = shared.stations.find(station(office, MacAddress::from_uint64(number)));
        return known == nullptr ? 0 : known->interface();
    }
    uint64_t whose(uint64_t number) {
        const auto* known = shared.hosts.find(host(number));
        return known == nullptr ? 0 : known->facts.mac;
    }
    const Stations::Figures& figures() { return stations.figures(office); }

    std::unique_ptr<graph::Engine> engine = make_engine();
    vnet::interface::Table table { *engine };
    Shared shared{*engine};
    Stations stations{table, shared};
};

TEST_F(StationsTest, ForgetsWhoWasHeardByAPort) {
    hear(2, a, 3);
    hear(3, b);
    ASSERT_TRUE(stations.fix(office, MacAddress::from_uint64(4), a).ok());
    stations.forget_learned(office, a);
    EXPECT_EQ(where(2), 0U);
    EXPECT_EQ(where(3), b);
    EXPECT_EQ(where(4), a);
    EXPECT_EQ(figures().learned, 1U);
    // Nor is anybody learned who was heard just before the link went.
    table.hot(a).flags = vnet::interface::flag::up;
    hear(2, a, 2);
    EXPECT_EQ(where(2), 0U);
    table.hot(a).flags = linked;
    hear(2, a, 1);
    EXPECT_EQ(where(2), a);
}

TEST_F(StationsTest, FollowsWhoMoves) {
    hear(2, a, 3);
    hear(2, b, 2);
    hear(2, a, 1);
    EXPECT_EQ(where(2), a);
    EXPECT_EQ(figures().moves, 2U);
    EXPECT_EQ(figures().learned, 1U);
    EXPECT_EQ(figures().moves_refused, 0U);
}

TEST_F(StationsTest, HoldsWhoMovesTooOftenForAMinute) {
    set(100, 2);
    hear(2, a, 100);
    hear(2, b, 100);
    hear(2, a, 99);
    EXPECT_EQ(where(2), a);
    hear(2, b, 98);
    EXPECT_EQ(where(2), a) << "the third move in a minute";
    EXPECT_TRUE(stations.stations().at(0).held);
    hear(2, b, 60);
    EXPECT_EQ(where(2), a) << "not yet";
    hear(4, a, 60);
    hear(4, b, 60);
    EXPECT_EQ(where(4), b) << "another may move";
    hear(2, b, 30);
    EXPECT_EQ(where(2), b);
    EXPECT_FALSE(stations.stations().at(0).held);
    EXPECT_EQ(figures().moves, 4U);
    EXPECT_EQ(figures().moves_refused, 2U);
}

TEST_F(StationsTest, LearnsNoMoreThanItMay) {
    set(2, 0, suppress::nd);
    for (const uint64_t number : {2, 4, 6}) {
        hear(number, a, 2);
        hear_host(number, number, true, 2);
    }
    EXPECT_EQ(where(6), 0U);
    EXPECT_EQ(whose(6), 0U);
    EXPECT_EQ(figures().refused, 1U);
    EXPECT_EQ(figures().hosts_refused, 1U);
    EXPECT_TRUE(stations.fix(office, MacAddress::from_uint64(2), b).ok());
    EXPECT_TRUE(stations.fix_host(host(2), MacAddress::from_uint64(8), false).ok());
    hear(6, a, 1);
    hear_host(6, 6, true, 1);
    EXPECT_EQ(where(6), a) << "what is configured does not count";
    EXPECT_EQ(whose(6), 6U);
    stations.forget(office);
    EXPECT_EQ(where(2), b);
    EXPECT_EQ(whose(2), 8U);
    EXPECT_EQ(figures().learned, 0U);
    EXPECT_EQ(figures().hosts, 0U);
}

TEST_F(StationsTest, ForgetsWhoIsSilent) {
    set(100, 0, suppress::nd);
    hear(2, a, 302);
    hear(4, a, 290);
    hear_host(2, 2, true, 302);
    hear_host(4, 4, true, 290);
    stations.age();
    EXPECT_EQ(where(2), 0U);
    EXPECT_EQ(where(4), a);
    EXPECT_EQ(whose(2), 0U);
    EXPECT_EQ(whose(4), 4U);
    EXPECT_EQ(figures().learned, 1U);
    EXPECT_EQ(figures().hosts, 1U);
    stations.forget_port(office, a);
    EXPECT_EQ(figures().learned, 0U);
}

TEST_F(StationsTest, BelievesHostsButNotOverWhatWasConfigured) {
    set(100, 0, suppress::nd);
    hear_host(1, 2);
    hear_host(1, 4, false);
    EXPECT_EQ(whose(1), 2U) << "RFC 4861 7.2.5: no override";
    hear_host(1, 4);
    EXPECT_EQ(whose(1), 4U);
    EXPECT_TRUE(stations.fix_host(host(1), MacAddress::from_uint64(6), true).ok());
    hear_host(1, 2, true, 1);
    EXPECT_EQ(whose(1), 6U);
    EXPECT_EQ(figures().hosts, 0U);
    set(100, 0, suppress::arp);
    EXPECT_EQ(whose(1), 6U);
    hear_host(3, 2);
    EXPECT_EQ(whose(3), 0U) << "nobody wants to know";
    EXPECT_TRUE(stations.unfix_host(host(1)).ok());
    EXPECT_THAT(std::string(stations.unfix_host(host(1)).message()),
                HasSubstr("address 2001:db8::1 was not configured"));
}

TEST_F(StationsTest, TakesInNothingOfWhatIsGone) {
    shared.ports.clear(a);
    hear(2, a);
    EXPECT_EQ(where(2), 0U);
    stations.close(office);
    hear(2, b);
    EXPECT_EQ(where(2), 0U);
}

}  // namespace
}  // namespace bridge
