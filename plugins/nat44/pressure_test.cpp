// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/pressure.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/nat44/testing/idle_router.hpp"
#include "plugins/nat44/testing/world.hpp"
#include "vnet/events/monitor.hpp"

namespace nat44 {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::key;
using testing::udp;
using vnet::wire::testing::ip;

class PressureTest : public testing::IdleRouterTest {
protected:
    PressureTest() {
        pressure_ = std::make_unique<Pressure>(engine_->control(), router_->events(), *nat_,
                                               [this] { return now_; });
    }

    void add_pool(const std::string& name, uint32_t block_size = 0) {
        PoolSettings settings;
        settings.name = name;
        settings.mapping = MappingKind::endpoint_independent;
        settings.ports = {2048, uint16_t(2048 + 255)};
        settings.block_size = block_size;
        EXPECT_TRUE(nat_->add_pool(settings).ok());
        EXPECT_TRUE(nat_->add_addresses(name, {ip("192.0.2.1"), ip("192.0.2.1")}).ok());
    }
    /// Packets from so many ports of a host; how many of them have a session.
    unsigned send(const char* host, uint16_t ports) {
        unsigned made = 0;
        for (uint16_t port = 1; port <= ports; ++port) {
            const auto asked = key(udp, host, port, "198.51.100.1", 53);
            vnet::flow::Ref ref = table().find(asked);
            made += ref || translators_->of(0).outbound(ask(asked), 0, ref) == Verdict::made;
        }
        return made;
    }
    void end_all() {
        for (uint32_t index = 1; index <= table().highest(); ++index) {
            if (table()[index].alive()) {
                table().end(index, vnet::flow::Ending::removed);
            }
        }
    }
    /// What was told so far, behind a look some seconds later.
    std::vector<std::string> lines(std::chrono::seconds later = 1s) {
        now_ += later;
        pressure_->look();
        std::vector<std::string> all;
        for (const auto& line :
             vnet::events::last_lines(router_->events(), {sluice::EVENT_TOPIC_RESOURCE}, 100)) {
            all.push_back(
                fmt::format("{} {}: {}", int(line.change()), line.subject(), line.what()));
        }
        return all;
    }

    Pressure::Time now_{1000s};
    std::unique_ptr<Pressure> pressure_;
};

TEST_F(PressureTest, TellsOnceWhenAPoolIsNearlyUsedUpAndWhenItIs) {
    add_pool("p");
    EXPECT_EQ(send("10.0.0.1", 230), 230U);
    EXPECT_THAT(lines(), IsEmpty()) << "under 90 percent of 256";
    EXPECT_EQ(send("10.0.0.1", 231), 231U);
    const std::string high = "1 nat44 pool p ports: nearly used up, 231 of 256 in use";
    EXPECT_THAT(lines(), ElementsAre(high));
    EXPECT_EQ(send("10.0.0.1", 256), 256U);
    EXPECT_THAT(lines(), ElementsAre(high));
    // A flood of refusals is one event; more of them are the same one.
    EXPECT_EQ(send("10.0.0.1", 1256), 256U);
    const std::string exhausted =
        "2 nat44 pool p ports: exhausted, 1000 refused, 256 of 256 in use";
    EXPECT_THAT(lines(), ElementsAre(high, exhausted));
    EXPECT_EQ(send("10.0.0.1", 1256), 256U);
    EXPECT_THAT(lines(9s), ElementsAre(high, exhausted));
    EXPECT_THAT(lines(9s), ElementsAre(high, exhausted)) << "nine seconds since the last one";
    const std::string high_again = "2 nat44 pool p ports: nearly used up, 256 of 256 in use";
    EXPECT_THAT(lines(), ElementsAre(high, exhausted, high_again));
    end_all();
    EXPECT_THAT(lines(), ElementsAre(high, exhausted, high_again,
                                     "3 nat44 pool p ports: enough, 0 of 256 in use"));
}

TEST_F(PressureTest, ThresholdsHaveAWayBack) {
    add_pool("p");
    EXPECT_TRUE(nat_->set_threshold("p", {50, 25}).ok());
    EXPECT_EQ(send("10.0.0.1", 128), 128U);
    EXPECT_EQ(lines().size(), 1U);
    end_all();
    EXPECT_EQ(send("10.0.0.1", 64), 64U);
    EXPECT_EQ(lines().size(), 1U) << "25 percent are still many";
    end_all();
    EXPECT_EQ(send("10.0.0.1", 63), 63U);
    EXPECT_THAT(lines().back(), "3 nat44 pool p ports: enough, 63 of 256 in use");
}

TEST_F(PressureTest, BlocksCountWhereHostsHaveThem) {
    add_pool("b", 64);
    for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
        EXPECT_EQ(send(host, 1), 1U);
    }
    EXPECT_THAT(lines(), IsEmpty());
    EXPECT_EQ(send("10.0.0.4", 1), 1U);
    EXPECT_THAT(lines(), ElementsAre("1 nat44 pool b blocks: nearly used up, 4 of 4 in use"));
    // What a pool that goes was short of, nobody is any more.
    end_all();
    EXPECT_TRUE(nat_->remove_pool("b").ok());
    EXPECT_THAT(lines().back(), "3 nat44 pool b blocks: enough");
}

/// Nobody may have what is held down either (RFC 6888 REQ-8).
TEST_F(PressureTest, WhatIsHeldDownIsNotToBeHad) {
    for (const uint32_t block_size : {0U, 64U}) {
        PoolSettings settings;
        settings.name = block_size == 0 ? "p" : "b";
        settings.mapping = MappingKind::endpoint_independent;
        settings.filtering = Filtering::endpoint_independent;
        settings.inside = {block_size == 0 ? ip("10.0.0.0") : ip("10.1.0.0"), 16};
        settings.ports = {2048, uint16_t(2048 + 255)};
        settings.block_size = block_size;
        settings.hold_down_s = 120;
        EXPECT_TRUE(nat_->add_pool(settings).ok());
        const auto address = block_size == 0 ? ip("192.0.2.1") : ip("192.0.2.2");
        EXPECT_TRUE(nat_->add_addresses(settings.name, {address, address}).ok());
    }
    EXPECT_EQ(send("10.0.0.1", 128), 128U);
    EXPECT_EQ(send("10.1.0.1", 1) + send("10.1.0.2", 1), 2U);
    end_all();
    EXPECT_THAT(lines(), IsEmpty());
    EXPECT_EQ(send("10.0.0.2", 103), 103U);
    EXPECT_EQ(send("10.1.0.3", 1) + send("10.1.0.4", 1), 2U);
    EXPECT_THAT(lines(), ElementsAre("1 nat44 pool b blocks: nearly used up, 4 of 4 in use",
                                     "1 nat44 pool p ports: nearly used up, 231 of 256 in use"));
    EXPECT_EQ(nat_->use_of(nat_->pools().at("p")).ports_taken(1), 231U);
    EXPECT_EQ(nat_->use_of(nat_->pools().at("p")).ports[1], 103U);
    // It goes with its address.
    end_all();
    EXPECT_EQ(nat_->use_of(nat_->pools().at("p")).ports_taken(1), 128U);
    EXPECT_TRUE(nat_->remove_addresses("p", {ip("192.0.2.1"), ip("192.0.2.1")}).ok());
    EXPECT_TRUE(nat_->add_addresses("p", {ip("192.0.2.1"), ip("192.0.2.1")}).ok());
    EXPECT_EQ(nat_->use_of(nat_->pools().at("p")).ports_taken(1), 0U);
}

/// While sessions of an address are ended that was taken away, it is no want of others.
TEST_F(PressureTest, AnAddressThatIsTakenAwayMakesNoWant) {
    add_pool("p");
    EXPECT_TRUE(nat_->add_addresses("p", {ip("192.0.2.2"), ip("192.0.2.2")}).ok());
    EXPECT_EQ(send("10.0.0.1", 240), 240U);
    const Ip4Address used = router_->flows().tables().of(0)[1].reverse.destination;
    EXPECT_TRUE(nat_->remove_addresses("p", {used, used}).ok());
    EXPECT_THAT(lines(), IsEmpty());
}

/// Between two looks.
TEST_F(PressureTest, APoolThatIsMadeAgainIsAnotherOne) {
    add_pool("p");
    (void)send("10.0.0.1", 257);
    const std::string exhausted = "1 nat44 pool p ports: exhausted, 1 refused, 256 of 256 in use";
    EXPECT_THAT(lines(), ElementsAre(exhausted));
    end_all();
    EXPECT_TRUE(nat_->remove_pool("p").ok());
    add_pool("p");
    EXPECT_THAT(lines(), ElementsAre(exhausted, "3 nat44 pool p ports: enough"));
}

TEST_F(PressureTest, BlocksAreExhaustedWhenAHostGetsNone) {
    add_pool("b", 64);
    for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}) {
        EXPECT_EQ(send(host, 1), 1U);
    }
    EXPECT_EQ(send("10.0.0.5", 3), 0U);
    EXPECT_THAT(lines(), ElementsAre("1 nat44 pool b blocks: exhausted, 3 refused, 4 of 4 in use"));
}

/// One host that wants more than is its own is no want of the pool's.
TEST_F(PressureTest, AHostThatHasItsPortsIsNoWantOfPorts) {
    add_pool("b", 64);
    EXPECT_EQ(send("10.0.0.1", 100), 64U);
    EXPECT_THAT(lines(), ElementsAre("1 nat44 pool b ports-of-a-host: exhausted, 36 refused"));
    // Nor is a second client of a tunnel's server.
    unsigned clashes = 0;
    for (const char* host : {"10.0.0.1", "10.0.0.2"}) {
        vnet::flow::Ref ref;
        const auto asked = key(testing::gre, host, 0, "198.51.100.1", 0);
        clashes += translators_->of(0).outbound(ask(asked), 0, ref) == Verdict::clash;
    }
    EXPECT_EQ(clashes, 1U);
    EXPECT_EQ(lines().size(), 1U);
}

TEST_F(PressureTest, WhoGoesTakesItAlong) {
    add_pool("p");
    (void)send("10.0.0.1", 256);
    EXPECT_EQ(lines().size(), 1U);
    pressure_.reset();
    EXPECT_THAT(router_->events().state(sluice::EVENT_TOPIC_RESOURCE), IsEmpty());
}

}  // namespace
}  // namespace nat44
