// SPDX-License-Identifier: Apache-2.0
#include "guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace ttl_guard {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using vnet::wire::testing::Bytes;

constexpr Index lan = 1;

/// The node on its arc, between the bench's input and "ip4-lookup". Packets begin with their IPv4
/// header.
class GuardTest : public ::testing::Test {
protected:
    GuardTest() : note_(*bench_.slots().place<Note>("note")) {
        guard_ = std::make_shared<const Guard>(floors_, note_);
        bench_.add(guard_);
        bench_.collector("ip4-lookup");
        graph::Graph& graph = bench_.graph();
        EXPECT_TRUE(
            graph.add_arc({"ip4-unicast", graph::ArcSide::rx, {"bench-input"}, "ip4-lookup"}).ok());
        EXPECT_TRUE(graph.add_feature("ip4-unicast", {"ttl-guard", {}, {}}).ok());
    }
    static Bytes with_ttl(uint8_t ttl) {
        return vnet::wire::testing::packet().ip4().ttl(ttl).udp().payload("hello").bytes();
    }

    graph::testing::Bench bench_;
    Floors floors_{2};
    graph::Slot<Note> note_;
    std::shared_ptr<const Guard> guard_;
};

TEST_F(GuardTest, LetsPassWhatIsNearEnough) {
    floors_.set(lan, 254);
    uint64_t sent = 0;
    for (const uint8_t ttl : {254, 255}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto results = bench_.run("ttl-guard", with_ttl(ttl), burst, lan);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                EXPECT_EQ(result.next, "ip4-lookup");
                EXPECT_EQ(result.bytes, with_ttl(ttl));
            }
            sent += burst;
        }
    }
    EXPECT_EQ(floors_.totals(lan).passed, sent);
    EXPECT_EQ(floors_.totals(lan).dropped, 0U);
}

TEST_F(GuardTest, DropsWhatIsTooFarByName) {
    floors_.set(lan, 254);
    uint64_t sent = 0;
    for (const uint8_t ttl : {0, 1, 253}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            for (const auto& result : bench_.run("ttl-guard", with_ttl(ttl), burst, lan)) {
                EXPECT_EQ(result.drop, "ttl-under-floor");
            }
            sent += burst;
        }
    }
    EXPECT_EQ(bench_.drops("ttl-guard", "ttl-under-floor"), sent);
    EXPECT_EQ(floors_.totals(lan).dropped, sent);
    EXPECT_EQ(floors_.totals(lan).passed, 0U);
}

TEST_F(GuardTest, AnotherInterfaceHasItsOwnFloor) {
    floors_.set(lan, 254);
    EXPECT_EQ(bench_.run("ttl-guard", with_ttl(1), 1, lan + 1).at(0).next, "ip4-lookup");
}

TEST_F(GuardTest, APacketWithoutAHeaderHasNoTtl) {
    floors_.set(lan, 1);
    EXPECT_EQ(bench_.run("ttl-guard", Bytes(19), 1, lan).at(0).drop, "ttl-under-floor");
}

TEST_F(GuardTest, ATraceTellsWhatItDecidedBy) {
    floors_.set(lan, 254);
    bench_.build();
    graph::Packet* packet = bench_.packet(with_ttl(63), lan);
    graph::TraceRecord before;
    before.take(*packet, 0, 0);
    (void)(*guard_)(*packet, bench_.dispatch());
    graph::TraceRecord after;
    after.take(*packet, 0, 0);
    // Whatever it is by now.
    floors_.set(lan, 1);
    EXPECT_THAT(guard_->format({before, &after}),
                ElementsAre(Pair("ttl", "63"), Pair("floor", "254")));
    EXPECT_THAT(guard_->format({before, nullptr}), ElementsAre());
    graph::free_packet(packet);
}

}  // namespace
}  // namespace ttl_guard
