// SPDX-License-Identifier: Apache-2.0
#include "vnet/mld/input.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::mld {
namespace {

using graph::testing::Bench;
using wire::testing::Bytes;
using wire::testing::from_hex;
using wire::testing::packet;

class MldInputTest : public ::testing::Test {
protected:
    MldInputTest() {
        limits_.set_rate(punt::Class::neighbor, 1'000'000);
        bench_.add(std::make_shared<const Input>(box_, limits_));
    }
    graph::Packet* heard(std::span<const std::byte> frame) {
        graph::Packet* one = bench_.packet(frame);
        one->meta().l3_offset = 14;
        one->meta().l4_offset = 62;
        return one;
    }
    std::vector<graph::testing::Result> run(const Bytes& frame, unsigned count) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < count; ++i) {
            packets.push_back(heard(frame));
        }
        return bench_.run("mld-input", packets);
    }
    size_t taken() {
        for (size_t before = ~size_t(0); before != taken_;) {
            before = taken_;
            control_.poll();
        }
        return std::exchange(taken_, 0);
    }

    Bench bench_;
    punt::Limits limits_{1, 1'000'000'000};
    graph::Control control_;
    size_t taken_ = 0;
    graph::Mailbox box_{"mld", 512, control_, [this](std::span<graph::Packet*> packets) {
                            taken_ += packets.size();
                            graph::free_packets(packets);
                        }};
};

Bytes a_query(const char* from = "fe80::9", uint8_t hop_limit = 1,
              const char* options = "05 02 00 00", size_t bytes = 20, uint8_t group = 0) {
    Bytes rest(bytes);
    if (!rest.empty()) {
        rest[0] = std::byte(group);
    }
    return packet()
        .ethernet()
        .ip6(from, "ff02::1")
        .ttl(hop_limit)
        .hop_by_hop(from_hex(options))
        .icmp6(130, 0, 1000U << 16)
        .payload(rest)
        .bytes();
}

TEST_F(MldInputTest, HandsQueriesOverToControl) {
    for (const size_t bytes : {16U, 20U}) {
        for (const unsigned burst : Bench::bursts) {
            EXPECT_TRUE(run(a_query("fe80::9", 1, "05 02 00 00", bytes), burst).empty());
            EXPECT_EQ(taken(), burst);
        }
    }
}

TEST_F(MldInputTest, DropsByName) {
    struct Way {
        const char* drop;
        Bytes frame;
    };
    for (const Way& way :
         {Way{"truncated", a_query("fe80::9", 1, "05 02 00 00", 15)},
          Way{"truncated", a_query("fe80::9", 1, "05 02 00 00", 17)},
          Way{"bad-hop-limit", a_query("fe80::9", 64)}, Way{"bad-source", a_query("2001:db8::9")},
          Way{"no-router-alert", a_query("fe80::9", 1, "1e 04 00 00 00 00")},
          Way{"bad-group", a_query("fe80::9", 1, "05 02 00 00", 20, 0x20)}}) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(way.frame, burst);
            ASSERT_EQ(results.size(), burst) << way.drop;
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop);
            }
        }
    }
    EXPECT_EQ(taken(), 0U);
}

TEST_F(MldInputTest, AQueryInSeveralSegmentsIsTruncated) {
    const Bytes whole = a_query();
    graph::Packet* one = heard(std::span(whole).first(70));
    ASSERT_EQ(rte_pktmbuf_chain(one->mbuf(), bench_.packet(std::span(whole).subspan(70))->mbuf()),
              0);
    EXPECT_EQ(bench_.run("mld-input", {&one, 1}).at(0).drop, "truncated");
}

TEST_F(MldInputTest, NoMoreThanMayComeAreHeard) {
    EXPECT_FALSE(run(a_query(), 3 * 256).empty());
    EXPECT_GT(bench_.drops("mld-input", "queue-full"), 0U);
    taken();
    limits_.set_rate(punt::Class::neighbor, 0);
    EXPECT_EQ(run(a_query(), 3).at(0).drop, "rate-limited");
}

}  // namespace
}  // namespace vnet::mld
