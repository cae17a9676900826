// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/fragmenter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "graph/testing/bench.hpp"
#include "vnet/fragment/testing/datagrams.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip4_options.hpp"
#include "vnet/wire/ip6_extensions.hpp"

namespace vnet::fragment {
namespace {

using testing::Bytes;
using wire::testing::packet;

/// A bench with one adjacency of an MTU.
struct Cutter {
    explicit Cutter(uint32_t mtu) {
        fib::Adjacency adjacency;
        adjacency.mtu = mtu;
        path = forwarding.make(adjacency);
        bench.add(std::make_shared<const Ip4Fragmenter>(forwarding, 1));
        bench.add(std::make_shared<const Ip6Fragmenter>(forwarding, 1, 99));
    }
    std::vector<graph::testing::Result> run(const char* node, const Bytes& bytes,
                                            unsigned count = 1, size_t segment = 2000,
                                            uint16_t l3 = 14) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < count; ++i) {
            graph::Packet* one = testing::in_segments(bytes, segment);
            one->meta().rx_interface = 1;
            one->meta().l3_offset = l3;
            one->meta().adjacency = forwarding.at(path);
            one->meta().flags = graph::packet_flag::local_origin;
            packets.push_back(one);
        }
        return bench.run(node, packets);
    }
    graph::testing::Bench bench;
    std::unique_ptr<graph::Engine> engine = testing::make_engine();
    fib::ForwardingTable forwarding{engine->rcu()};
    fib::PathIndex path;
};

Bytes datagram(int payload, uint32_t begin = 0, bool more = false) {
    return packet()
        .ethernet()
        .ip4()
        .identification(77)
        .fragment(begin, more)
        .protocol(wire::IpProtocol::udp)
        .payload(payload)
        .bytes();
}

/// Each is a right packet no longer than the MTU, all together bring the payload.
void check_ip4(const std::vector<graph::testing::Result>& results, const Bytes& whole, uint32_t mtu,
               uint32_t begin, bool more) {
    const Bytes expected(whole.begin() + 34, whole.end());
    Bytes payload;
    for (size_t i = 0; i < results.size(); ++i) {
        const auto& result = results[i];
        ASSERT_EQ(result.next, "ip4-rewrite");
        const auto l3 = std::span<const std::byte>(result.bytes).subspan(14);
        const auto* ip = wire::view<wire::Ip4Header>(l3);
        ASSERT_NE(ip, nullptr);
        ASSERT_LE(l3.size(), mtu);
        ASSERT_EQ(ip->total_length.value(), l3.size());
        ASSERT_TRUE(wire::ip4_header_checksum_ok(l3));
        ASSERT_EQ(ip->identification.value(), 77);
        ASSERT_EQ(ip->fragment_offset(), begin + payload.size());
        ASSERT_EQ(ip->more_fragments(), more || i + 1 < results.size());
        ASSERT_EQ(result.meta.l4_offset, 14 + ip->header_length());
        ASSERT_TRUE(result.meta.has(graph::packet_flag::local_origin));
        const auto its = l3.subspan(ip->header_length());
        payload.insert(payload.end(), its.begin(), its.end());
    }
    ASSERT_EQ(payload, expected);
}

TEST(Ip4Fragmenter, CutsAtMultiplesOfEight) {
    for (const uint32_t mtu : {68U, 100U, 576U, 1280U, 1499U, 1500U, 4000U, 9000U}) {
        Cutter cutter(mtu);
        for (const int payload : {int(mtu) - 19, int(mtu), int(mtu) * 2, int(mtu) * 2 + 1, 9971}) {
            if (payload / (int(mtu) - 27) > 200) {
                continue;
            }
            SCOPED_TRACE(std::to_string(payload) + " by " + std::to_string(mtu));
            for (const size_t segment : {100U, 2000U}) {
                const Bytes whole = datagram(payload);
                check_ip4(cutter.run("ip4-fragment", whole, 1, segment), whole, mtu, 0, false);
            }
        }
    }
}

TEST(Ip4Fragmenter, AtEveryBurstSize) {
    const Bytes whole = datagram(3000);
    for (const unsigned burst : graph::testing::Bench::bursts) {
        Cutter cutter(1500);
        const auto results = cutter.run("ip4-fragment", whole, burst);
        ASSERT_EQ(results.size(), 3 * burst);
        for (unsigned i = 0; i < burst; ++i) {
            check_ip4({results.begin() + 3 * i, results.begin() + 3 * i + 3}, whole, 1500, 0,
                      false);
        }
    }
}

TEST(Ip4Fragmenter, CutsFragments) {
    Cutter cutter(576);
    for (const bool more : {false, true}) {
        const Bytes whole = datagram(1480, 2960, more);
        check_ip4(cutter.run("ip4-fragment", whole), whole, 576, 2960, more);
    }
}

TEST(Ip4Fragmenter, CopiesOptionsThatSaySo) {
    Cutter cutter(300);
    // A router alert (copied), a record of the route (not), a timestamp (not), a security option.
    const Bytes options =
        wire::testing::from_hex("94040000 07070400000000 4408050000000000 8203ab 00 00");
    const Bytes whole = packet()
                            .ethernet()
                            .ip4()
                            .options(options)
                            .protocol(wire::IpProtocol::udp)
                            .payload(700)
                            .bytes();
    const auto results = cutter.run("ip4-fragment", whole);
    ASSERT_EQ(results.size(), 3u);
    size_t payload = 0;
    for (size_t i = 0; i < results.size(); ++i) {
        const auto l3 = std::span<const std::byte>(results[i].bytes).subspan(14);
        const auto* ip = wire::view<wire::Ip4Header>(l3);
        ASSERT_TRUE(wire::ip4_header_checksum_ok(l3));
        ASSERT_EQ(wire::check_ip4(l3), wire::Ip4Fault::none);
        EXPECT_EQ(ip->header_length(), i == 0 ? 44u : 28u);
        std::vector<int> types;
        wire::Ip4OptionsCursor cursor(l3);
        while (const auto option = cursor.next()) {
            types.push_back(int(option->type));
        }
        EXPECT_FALSE(cursor.malformed());
        EXPECT_EQ(types,
                  i == 0 ? std::vector<int>({148, 7, 68, 130}) : std::vector<int>({148, 130}));
        payload += l3.size() - ip->header_length();
    }
    EXPECT_EQ(payload, 700u);
}

TEST(Ip4Fragmenter, DropsByName) {
    struct Case {
        uint32_t mtu;
        Bytes bytes;
        const char* drop;
    };
    for (const Case& one :
         {Case{27, datagram(100), "mtu-too-small"}, Case{68, datagram(13000), "too-many-fragments"},
          Case{500, packet().ethernet().ip4().truncate(30).bytes(), "truncated"}}) {
        Cutter cutter(one.mtu);
        EXPECT_EQ(cutter.run("ip4-fragment", one.bytes).at(0).drop, one.drop);
    }
}

TEST(Fragmenter, WhatFitsGoesOnAsItIs) {
    for (const int payload : {0, 1, 172}) {
        Cutter cutter(200);
        const Bytes four = datagram(payload);
        const auto result = cutter.run("ip4-fragment", four);
        ASSERT_EQ(result.size(), 1u);
        EXPECT_EQ(result[0].next, "ip4-rewrite");
        EXPECT_EQ(result[0].bytes, four);
    }
    Cutter cutter(1280);
    const Bytes six = packet().ethernet().ip6().bytes();
    const auto result = cutter.run("ip6-fragment", six);
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result[0].next, "ip6-rewrite");
    EXPECT_EQ(result[0].bytes, six);
}

TEST(Ip4Fragmenter, WithoutBuffersTheWholePacketGoes) {
    Cutter cutter(576);
    const Bytes whole = datagram(3000);
    graph::PacketPool& pool = graph::testing::pool();
    std::vector<graph::Packet*> taken;
    while (pool.available() > 6) {
        taken.push_back(pool.allocate());
    }
    // Two buffers for the packet itself, and four fragments too few by one.
    const auto results = cutter.run("ip4-fragment", whole);
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].drop, "no-buffer");
    EXPECT_EQ(results[0].bytes, whole);
    graph::free_packets(taken);
}

TEST(Ip6Fragmenter, CutsWhatTheRouterMade) {
    for (const uint32_t mtu : {1280U, 1500U, 9000U}) {
        for (const size_t segment : {700U, 2000U}) {
            Cutter cutter(mtu);
            const Bytes options(12, std::byte{0});
            const Bytes whole = packet()
                                    .ethernet()
                                    .ip6()
                                    .hop_by_hop()
                                    .routing(4, 0)
                                    .destination_options(options)
                                    .udp(5, 6)
                                    .payload(20000)
                                    .bytes();
            const auto results = cutter.run("ip6-fragment", whole, 1, segment);
            std::set<uint32_t> ids;
            Bytes payload;
            for (size_t i = 0; i < results.size(); ++i) {
                ASSERT_EQ(results[i].next, "ip6-rewrite");
                const auto l3 = std::span<const std::byte>(results[i].bytes).subspan(14);
                ASSERT_LE(l3.size(), mtu);
                const auto chain = wire::walk_ip6(l3);
                ASSERT_EQ(chain.fault, wire::Ip6ChainFault::none);
                ASSERT_EQ(chain.fragment_offset, 56);
                ASSERT_NE(chain.hop_by_hop_offset, 0);
                ASSERT_NE(chain.routing_offset, 0);
                const auto* header = wire::view<wire::Ip6FragmentHeader>(l3.subspan(56));
                ASSERT_EQ(header->next_header(), wire::IpProtocol::destination_options);
                ASSERT_EQ(header->offset(), payload.size());
                ASSERT_EQ(header->more_fragments(), i + 1 < results.size());
                ids.insert(header->identification.value());
                payload.insert(payload.end(), l3.begin() + 64, l3.end());
                ASSERT_EQ(wire::view<wire::Ip6Header>(l3)->total_length(), l3.size());
            }
            EXPECT_EQ(ids.size(), 1u);
            EXPECT_EQ(payload, Bytes(whole.begin() + 14 + 56, whole.end()));
        }
    }
}

TEST(Ip6Fragmenter, DropsByName) {
    Cutter cutter(1280);
    const Bytes again = packet().ethernet().ip6().fragment_header(0, true).payload(1600).bytes();
    EXPECT_EQ(cutter.run("ip6-fragment", again).at(0).drop, "truncated");
    Cutter small(50);
    const Bytes whole = packet().ethernet().ip6().udp().payload(1600).bytes();
    EXPECT_EQ(small.run("ip6-fragment", whole).at(0).drop, "mtu-too-small");
}

TEST(Ip6Fragmenter, IdentificationsDoNotComeAgain) {
    std::set<uint32_t> seen;
    unsigned next_to_each_other = 0;
    uint32_t before = 0;
    for (uint32_t i = 0; i < 100'000; ++i) {
        const uint32_t id = Ip6Fragmenter::identification(i, 1234);
        ASSERT_TRUE(seen.insert(id).second);
        next_to_each_other += id - before < 16;
        before = id;
    }
    EXPECT_LT(next_to_each_other, 10u);
    EXPECT_NE(Ip6Fragmenter::identification(1, 1), Ip6Fragmenter::identification(1, 2));
}

}  // namespace
}  // namespace vnet::fragment
