// SPDX-License-Identifier: Apache-2.0
#include "vnet/handoff/flow_hash.hpp"

#include <gtest/gtest.h>

#include <set>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::handoff {
namespace {

using wire::testing::Bytes;
using wire::testing::packet;

constexpr std::uint32_t own = 0x0a00'0001;
constexpr std::uint64_t seed = 12345;

std::optional<std::uint32_t> hash(const Bytes& frame) {
    return flow_hash(frame, own, seed);
}

TEST(FlowHash, BothDirectionsMeet) {
    const Bytes there = packet().ethernet().ip4("10.1.0.1", "10.2.0.2").tcp(1000, 80).bytes();
    const Bytes back = packet().ethernet().ip4("10.2.0.2", "10.1.0.1").tcp(80, 1000).bytes();
    ASSERT_TRUE(hash(there));
    EXPECT_EQ(hash(there), hash(back));
    // An end is an address with its port: swapping the ports alone is another flow.
    EXPECT_NE(hash(there),
              hash(packet().ethernet().ip4("10.1.0.1", "10.2.0.2").tcp(80, 1000).bytes()));
    EXPECT_NE(hash(there),
              hash(packet().ethernet().ip4("10.1.0.1", "10.2.0.2").udp(1000, 80).bytes()));
    EXPECT_NE(hash(there), flow_hash(there, own, seed + 1));
}

TEST(FlowHash, FragmentsGoByAddresses) {
    const auto piece = [](std::uint32_t offset, std::uint16_t port) {
        return packet()
            .ethernet()
            .ip4("10.1.0.1", "10.2.0.2")
            .fragment(offset, true)
            .udp(port, 80)
            .payload(100)
            .bytes();
    };
    EXPECT_EQ(hash(piece(0, 1)), hash(piece(1480, 2)));
}

TEST(FlowHash, WhatIsForTheRouterStays) {
    EXPECT_FALSE(
        hash(packet().ethernet().arp_request("02:00:00:00:00:01", "10.0.0.2", "10.0.0.1").bytes()));
    EXPECT_FALSE(hash(packet().ethernet().ip4("10.1.0.1", "10.0.0.1").tcp(1, 179).bytes()));
    EXPECT_FALSE(hash(packet().ethernet().ip4("10.1.0.1", "224.0.0.5").payload(20).bytes()));
    EXPECT_FALSE(hash(packet().ethernet().ip4("10.1.0.1", "255.255.255.255").udp().bytes()));
    EXPECT_FALSE(hash(packet().ethernet().vlan(7).ip4().udp().bytes()));
    EXPECT_TRUE(hash(packet().ethernet().ip4("10.0.0.1", "10.1.0.1").udp().bytes()));
}

TEST(FlowHash, ShortAndMalformedFramesAreNoTrouble) {
    const Bytes whole =
        packet().ethernet().ip4("10.1.0.1", "10.2.0.2").udp(1000, 80).payload(20).bytes();
    for (size_t length = 0; length < whole.size(); ++length) {
        const Bytes cut(whole.begin(), whole.begin() + std::ptrdiff_t(length));
        EXPECT_EQ(hash(cut).has_value(), length >= 34) << length;
    }
    EXPECT_FALSE(hash(packet().ethernet().ip4().version(5).udp().bytes()));
    // Ports behind the end: the addresses alone.
    EXPECT_TRUE(hash(packet().ethernet().ip4().header_words(15).udp().bytes()));
    EXPECT_TRUE(hash(packet().ethernet().ip4().header_words(0).udp().bytes()));
}

Bytes ip6(std::uint8_t source, std::uint8_t destination, std::uint16_t source_port,
          std::uint16_t destination_port, std::uint8_t first = 0x20) {
    Bytes frame = packet().ethernet().type(0x86dd).payload(44).bytes();
    const auto set = [&](size_t at, unsigned value) { frame[14 + at] = std::byte(value); };
    set(6, 17);
    for (const size_t at : {8, 24}) {
        set(at, first);
        set(at + 15, at == 8 ? source : destination);
        for (size_t i = 1; i < 15; ++i) {
            set(at + i, 0);
        }
    }
    set(40, source_port >> 8);
    set(41, source_port & 0xff);
    set(42, destination_port >> 8);
    set(43, destination_port & 0xff);
    return frame;
}

TEST(FlowHash, Ip6) {
    ASSERT_TRUE(hash(ip6(1, 2, 1000, 80)));
    EXPECT_EQ(hash(ip6(1, 2, 1000, 80)), hash(ip6(2, 1, 80, 1000)));
    EXPECT_NE(hash(ip6(1, 2, 1000, 80)), hash(ip6(1, 2, 1001, 80)));
    EXPECT_NE(hash(ip6(1, 2, 1000, 80)), hash(ip6(1, 3, 1000, 80)));
    EXPECT_FALSE(hash(ip6(1, 2, 1000, 80, 0xff))) << "multicast";
    Bytes link_local = ip6(1, 2, 1000, 80, 0xfe);
    link_local[14 + 25] = std::byte(0x80);
    EXPECT_FALSE(hash(link_local));
}

TEST(FlowHash, SpreadsEvenly) {
    // Neighbouring addresses and ports, as a test network has them, over three workers.
    std::array<unsigned, 3> counts{};
    std::set<std::uint32_t> hashes;
    for (std::uint16_t port = 1024; port < 1024 + 3000; ++port) {
        const auto value =
            hash(packet().ethernet().ip4("198.18.0.1", "198.19.0.1").udp(port, 9).bytes());
        ++counts[std::uint64_t{*value} * 3 >> 32];
        hashes.insert(*value);
    }
    for (const unsigned count : counts) {
        EXPECT_NEAR(count, 1000, 150);
    }
    EXPECT_GT(hashes.size(), 2990u);
}

}  // namespace
}  // namespace vnet::handoff
