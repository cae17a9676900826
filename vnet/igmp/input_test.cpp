// SPDX-License-Identifier: Apache-2.0
#include "vnet/igmp/input.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::igmp {
namespace {

using graph::testing::Bench;
using wire::testing::Bytes;
using wire::testing::from_hex;
using wire::testing::packet;

class IgmpInputTest : public ::testing::Test {
protected:
    IgmpInputTest() {
        limits_.set_rate(punt::Class::neighbor, 1'000'000);
        bench_.add(std::make_shared<const Input>(box_, limits_));
    }
    graph::Packet* heard(std::span<const std::byte> frame) {
        graph::Packet* one = bench_.packet(frame);
        one->meta().l3_offset = 14;
        one->meta().l4_offset = 34;
        return one;
    }
    std::vector<graph::testing::Result> run(const Bytes& frame, unsigned count) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < count; ++i) {
            packets.push_back(heard(frame));
        }
        return bench_.run("igmp-input", packets);
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
    graph::Mailbox box_{"igmp", 512, control_, [this](std::span<graph::Packet*> packets) {
                            taken_ += packets.size();
                            graph::free_packets(packets);
                        }};
};

Bytes a_message(const char* hex = "11 0a 0000 00000000 02 7d 0000", uint8_t ttl = 1,
                bool is_right = true) {
    Bytes message = from_hex(hex);
    if (is_right && message.size() >= 4) {
        const wire::Be16 checksum = wire::internet_checksum(message);
        std::memcpy(message.data() + 2, &checksum, sizeof(checksum));
    }
    return packet()
        .ethernet()
        .ip4("10.0.0.9", "224.0.0.1")
        .ttl(ttl)
        .protocol(wire::IpProtocol::igmp)
        .payload(message)
        .bytes();
}

TEST_F(IgmpInputTest, HandsQueriesOverToControl) {
    for (const char* hex : {"11 0a 0000 00000000 02 7d 0000", "11 0a 0000 00000000"}) {
        for (const unsigned burst : Bench::bursts) {
            EXPECT_TRUE(run(a_message(hex), burst).empty());
            EXPECT_EQ(taken(), burst);
        }
    }
}

TEST_F(IgmpInputTest, DropsByName) {
    struct Way {
        const char* drop;
        Bytes frame;
    };
    for (const Way& way : {Way{"truncated", a_message("11 0a 0000 00")},
                           Way{"bad-checksum", a_message("11 0a 0000 00000000", 1, false)},
                           Way{"not-a-query", a_message("16 00 0000 ef010101")},
                           Way{"bad-ttl", a_message("11 0a 0000 00000000", 2)},
                           Way{"bad-group", a_message("11 0a 0000 0a000001")}}) {
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

TEST_F(IgmpInputTest, AQueryInSeveralSegmentsIsTruncated) {
    const Bytes whole = a_message();
    graph::Packet* one = heard(std::span(whole).first(40));
    ASSERT_EQ(rte_pktmbuf_chain(one->mbuf(), bench_.packet(std::span(whole).subspan(40))->mbuf()),
              0);
    EXPECT_EQ(bench_.run("igmp-input", {&one, 1}).at(0).drop, "truncated");
}

TEST_F(IgmpInputTest, NoMoreThanMayComeAreHeard) {
    EXPECT_FALSE(run(a_message(), 3 * 256).empty());
    EXPECT_GT(bench_.drops("igmp-input", "queue-full"), 0U);
    taken();
    limits_.set_rate(punt::Class::neighbor, 0);
    EXPECT_EQ(run(a_message(), 3).at(0).drop, "rate-limited");
}

}  // namespace
}  // namespace vnet::igmp
