// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/nd_input.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/ip6/testing/net.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::neighbor {
namespace {

using graph::testing::Bench;
using wire::testing::Bytes;
using wire::testing::mac;
using wire::testing::packet;
using wire::testing::PacketMaker;

class NdInputTest : public ::testing::Test {
protected:
    static constexpr unsigned capacity = 512;
    NdInputTest() {
        limits_.set_rate(punt::Class::neighbor, 1'000'000);
        bench_.add(std::make_shared<const NdInput>(
            box_, limits_, Known<ip6::Family>(net_.tables, net_.forwarding)));
    }
    std::vector<graph::testing::Result> run(const Bytes& frame, unsigned count) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < count; ++i) {
            packets.push_back(bench_.packet(frame));
            packets.back()->meta().l3_offset = 14;
            packets.back()->meta().l4_offset = 54;
        }
        return bench_.run("nd-input", packets);
    }
    std::vector<Bytes> taken() {
        for (size_t before = ~size_t(0); before != taken_.size();) {
            before = taken_.size();
            control_.poll();
        }
        return std::exchange(taken_, {});
    }

    /// Nobody is known there.
    ip6::testing::Net net_;
    Bench bench_;
    punt::Limits limits_{1, 1'000'000'000};
    graph::Control control_;
    std::vector<Bytes> taken_;
    graph::Mailbox box_{"nd", capacity, control_, [this](std::span<graph::Packet*> packets) {
                            for (graph::Packet* one : packets) {
                                taken_.emplace_back(one->bytes().begin(), one->bytes().end());
                                graph::free_packet(one);
                            }
                        }};
};

PacketMaker from_to(wire::testing::Ip6Argument source, wire::testing::Ip6Argument destination) {
    return packet().ethernet("02:00:00:00:00:b1", "02:00:00:00:00:a1").ip6(source, destination);
}
PacketMaker on_the_link() {
    return from_to("fe80::2", "fe80::1");
}
void own_mac(wire::NdOptionsWriter& options) {
    options.link_address(wire::NdOptionType::source_link_address, mac("02:00:00:00:00:b1"));
}

TEST_F(NdInputTest, HandsWhatARouterListensToOverToControl) {
    for (const Bytes& frame :
         {on_the_link().neighbor_solicitation("fe80::1").nd_options(own_mac).bytes(),
          from_to("2001:db8::2", "ff02::1:ff00:1").neighbor_solicitation("2001:db8::1").bytes(),
          from_to("::", "ff02::1:ff00:1").neighbor_solicitation("2001:db8::1").bytes(),
          on_the_link().neighbor_advertisement("fe80::2", 0x60).bytes(),
          from_to("fe80::2", "ff02::1").neighbor_advertisement("2001:db8::2", 0x20).bytes(),
          from_to("fe80::2", "ff02::2").router_solicitation().nd_options(own_mac).bytes(),
          from_to("::", "ff02::2").router_solicitation().bytes()}) {
        for (const unsigned burst : Bench::bursts) {
            EXPECT_TRUE(run(frame, burst).empty()) << wire::testing::hex_dump(frame);
            EXPECT_EQ(taken(), std::vector<Bytes>(burst, frame));
        }
    }
}

TEST_F(NdInputTest, DropsByName) {
    struct Way {
        const char* drop;
        Bytes frame;
    };
    const Bytes no_length = wire::testing::from_hex("01 00 02 00 00 00 00 b1");
    const Bytes beyond = wire::testing::from_hex("01 02 02 00 00 00 00 b1");
    for (const Way& way :
         {Way{"truncated", on_the_link().neighbor_solicitation("fe80::1").truncate(77).bytes()},
          Way{"truncated", on_the_link().neighbor_solicitation("fe80::1").truncate(53).bytes()},
          Way{"truncated", on_the_link().router_solicitation().truncate(61).bytes()},
          Way{"bad-hop-limit", from_to("fe80::2", "ff02::2").icmp6(133).bytes()},
          Way{"bad-code", on_the_link().ttl(255).icmp6(133, 1).bytes()},
          Way{"bad-source", from_to("ff02::1", "fe80::1").router_solicitation().bytes()},
          Way{"bad-source", from_to("::", "fe80::1").neighbor_advertisement("fe80::2", 0).bytes()},
          Way{"bad-source", from_to("2001:db8::2", "ff02::1").router_advertisement().bytes()},
          Way{"bad-destination", from_to("::", "fe80::1").neighbor_solicitation("fe80::1").bytes()},
          Way{"bad-destination",
              from_to("fe80::2", "ff02::1").neighbor_advertisement("fe80::2", 0x40).bytes()},
          Way{"bad-target", on_the_link().neighbor_solicitation("ff02::1").bytes()},
          Way{"bad-target", on_the_link().neighbor_advertisement("::", 0x20).bytes()},
          Way{"bad-target", on_the_link().nd_redirect("2001:db8::7", "2001:db8:9::1").bytes()},
          Way{"bad-option",
              on_the_link().neighbor_solicitation("fe80::1").append(no_length).bytes()},
          Way{"bad-option", on_the_link().neighbor_solicitation("fe80::1").append(beyond).bytes()},
          Way{"bad-option",
              on_the_link().router_solicitation().append(Bytes(3, std::byte(1))).bytes()},
          Way{"unspecified-link-address",
              from_to("::", "ff02::2").router_solicitation().nd_options(own_mac).bytes()},
          Way{"unspecified-link-address", from_to("::", "ff02::1:ff00:1")
                                              .neighbor_solicitation("2001:db8::1")
                                              .nd_options(own_mac)
                                              .bytes()},
          Way{"not-for-router", from_to("fe80::2", "ff02::1").router_advertisement().bytes()},
          Way{"not-for-router", on_the_link().nd_redirect("fe80::7", "2001:db8:9::1").bytes()}}) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(way.frame, burst);
            ASSERT_EQ(results.size(), burst) << way.drop << '\n'
                                             << wire::testing::hex_dump(way.frame);
            for (const auto& result : results) {
                ASSERT_EQ(result.drop, way.drop) << wire::testing::hex_dump(way.frame);
            }
        }
    }
    EXPECT_TRUE(taken().empty());
}

TEST_F(NdInputTest, AMessageInSeveralSegmentsIsTruncated) {
    const Bytes whole = on_the_link().neighbor_solicitation("fe80::1").nd_options(own_mac).bytes();
    graph::Packet* one = bench_.packet(std::span(whole).first(78));
    ASSERT_EQ(rte_pktmbuf_chain(one->mbuf(), bench_.packet(std::span(whole).subspan(78))->mbuf()),
              0);
    one->meta().l3_offset = 14;
    one->meta().l4_offset = 54;
    EXPECT_EQ(bench_.run("nd-input", {&one, 1}).at(0).drop, "truncated");
}

TEST_F(NdInputTest, AFullQueueIsACountedDrop) {
    const Bytes frame = on_the_link().neighbor_solicitation("fe80::1").bytes();
    const unsigned dropped = unsigned(run(frame, 3 * 256).size());
    EXPECT_EQ(bench_.drops("nd-input", "queue-full"), dropped);
    EXPECT_GE(dropped, 3u * 256 - capacity);
    EXPECT_EQ(taken().size() + dropped, 3u * 256);
}

TEST_F(NdInputTest, NoMoreThanMayComeInASecond) {
    limits_.set_rate(punt::Class::neighbor, 0);
    for (const auto& result : run(on_the_link().neighbor_solicitation("fe80::1").bytes(), 3)) {
        EXPECT_EQ(result.drop, "rate-limited");
    }
    EXPECT_EQ(bench_.drops("nd-input", "rate-limited"), 3U);
}

}  // namespace
}  // namespace vnet::neighbor
