// SPDX-License-Identifier: Apache-2.0
#include "plugins/bridge/words.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "plugins/bridge/ports.hpp"
#include "vnet/wire/nd.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace bridge {
namespace {

using vnet::wire::NdOptionsWriter;
using vnet::wire::NdOptionType;
using vnet::wire::NeighborAdvertisement;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::ip;
using vnet::wire::testing::ip6;
using vnet::wire::testing::mac;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

constexpr const char* one = "02:00:00:00:00:01";
constexpr const char* two = "02:00:00:00:00:02";
constexpr const char* everybody = "ff:ff:ff:ff:ff:ff";
constexpr const char* asked = "33:33:ff:00:00:02";

auto link(NdOptionType type, const char* address) {
    return [=](NdOptionsWriter& out) { out.link_address(type, mac(address)); };
}
PacketMaker solicitation(const char* source = "fe80::1", const char* to = asked) {
    return packet()
        .ethernet(one, to)
        .ip6(source, "ff02::1:ff00:2")
        .neighbor_solicitation("fe80::2");
}
PacketMaker advertisement(uint8_t flags, const char* from = two) {
    return packet()
        .ethernet(from, one)
        .ip6("fe80::2", "fe80::1")
        .neighbor_advertisement("fe80::2", flags)
        .nd_options(link(NdOptionType::target_link_address, two));
}

Bytes from_afar() {
    Bytes bytes = solicitation().bytes();
    bytes[21] = std::byte{254};
    return bytes;
}

struct Case {
    const char* what;
    Bytes frame;
    /// "", "says", "asks" or both.
    const char* words;
};

TEST(WordsTest, SaysAndAsks) {
    const std::vector<Case> all = {
        {"ARP request",
         packet().ethernet(one, everybody).arp_request(one, "10.0.0.1", "10.0.0.2").bytes(),
         "says asks"},
        {"ARP request to one",
         packet().ethernet(one, two).arp_request(one, "10.0.0.1", "10.0.0.2").bytes(), "says"},
        {"ARP reply",
         packet().ethernet(two, one).arp_reply(two, "10.0.0.2", one, "10.0.0.1").bytes(), "says"},
        {"ARP announcement",
         packet().ethernet(one, everybody).arp_request(one, "10.0.0.1", "10.0.0.1").bytes(),
         "says"},
        {"ARP probe",
         packet().ethernet(one, everybody).arp_request(one, "0.0.0.0", "10.0.0.2").bytes(), ""},
        {"ARP for a group",
         packet().ethernet(one, everybody).arp_request(one, "10.0.0.1", "224.0.0.1").bytes(),
         "says"},
        {"ARP of another",
         packet().ethernet(one, everybody).arp_request(two, "10.0.0.1", "10.0.0.2").bytes(), ""},
        {"cut ARP",
         packet()
             .ethernet(one, everybody)
             .arp_request(one, "10.0.0.1", "10.0.0.2")
             .truncate(41)
             .bytes(),
         ""},
        {"tagged ARP",
         packet().ethernet(one, everybody).vlan(7).arp_request(one, "10.0.0.1", "10.0.0.2").bytes(),
         ""},
        {"solicitation", solicitation().bytes(), "asks"},
        {"solicitation with its sender's address",
         solicitation().nd_options(link(NdOptionType::source_link_address, one)).bytes(), "asks"},
        {"solicitation to one", solicitation("fe80::1", two).bytes(), ""},
        {"duplicate address detection", solicitation("::").bytes(), ""},
        {"solicitation with a nonce",
         solicitation().nd_options([](NdOptionsWriter& out) { out.nonce(Bytes(6)); }).bytes(), ""},
        {"solicitation from afar", from_afar(), ""},
        {"solicitation with a bad checksum", solicitation().bad_checksum().bytes(), ""},
        {"advertisement", advertisement(NeighborAdvertisement::solicited_flag).bytes(), "says"},
        {"advertisement of another", advertisement(0, one).bytes(), ""},
        {"advertisement without an address",
         packet()
             .ethernet(two, one)
             .ip6("fe80::2", "fe80::1")
             .neighbor_advertisement("fe80::2", 0)
             .bytes(),
         ""},
        {"cut advertisement", advertisement(0).truncate(85).bytes(), ""},
        {"echo", packet().ethernet(one, two).ip6().icmp6_echo_request().bytes(), ""},
        {"UDP", packet().ethernet(one, two).ip6().udp().bytes(), ""},
        {"nothing", Bytes(13), ""},
    };
    for (const Case& test : all) {
        const Words words = words_of(test.frame);
        std::string got = words.says ? "says" : "";
        got += words.asks ? words.says ? " asks" : "asks" : "";
        EXPECT_EQ(got, test.words) << test.what;
    }
}

TEST(WordsTest, TellsWhoAndWhom) {
    const Words arp = words_of(
        packet().ethernet(one, everybody).arp_request(one, "10.0.0.1", "10.0.0.2").bytes());
    EXPECT_EQ(arp.kind, Words::Kind::arp);
    EXPECT_EQ(arp.address, vnet::wire::Ip6Address::mapped(ip("10.0.0.1")));
    EXPECT_EQ(arp.target, vnet::wire::Ip6Address::mapped(ip("10.0.0.2")));
    EXPECT_EQ(arp.facts, (HostFacts{mac(one).to_uint64(), false, false, true}));

    const Words nd = words_of(advertisement(NeighborAdvertisement::router_flag).bytes());
    EXPECT_EQ(nd.kind, Words::Kind::nd);
    EXPECT_EQ(nd.address, ip6("fe80::2"));
    EXPECT_EQ(nd.facts, (HostFacts{mac(two).to_uint64(), false, true, false}));
    EXPECT_TRUE(
        words_of(advertisement(NeighborAdvertisement::override_flag).bytes()).facts.overrides);
    EXPECT_EQ(words_of(solicitation().bytes()).target, ip6("fe80::2"));
}

struct AnswerTest : ::testing::Test {
    Bytes answered(const Bytes& frame, bool router = false) {
        graph::Packet* made = bench.packet(frame);
        EXPECT_TRUE(answer(*made, {mac(two).to_uint64(), false, router, true}));
        Bytes bytes(made->bytes().begin(), made->bytes().end());
        graph::free_packet(made);
        return bytes;
    }
    graph::testing::Bench bench;
};

TEST_F(AnswerTest, AnswersAsTheHostWould) {
    EXPECT_EQ(
        answered(packet()
                     .ethernet(one, everybody)
                     .arp_request(one, "10.0.0.1", "10.0.0.2")
                     .pad_to()
                     .bytes()),
        packet().ethernet(two, one).arp_reply(two, "10.0.0.2", one, "10.0.0.1").pad_to().bytes());
    for (const bool router : {false, true}) {
        const uint8_t flags =
            uint8_t(NeighborAdvertisement::solicited_flag | NeighborAdvertisement::override_flag |
                    (router ? NeighborAdvertisement::router_flag : 0));
        const Bytes expected = advertisement(flags).bytes();
        EXPECT_EQ(answered(solicitation().bytes(), router), expected);
        EXPECT_EQ(answered(solicitation()
                               .nd_options(link(NdOptionType::source_link_address, one))
                               .nd_options([](NdOptionsWriter& out) { out.mtu(1500); })
                               .bytes(),
                           router),
                  expected);
    }
}

}  // namespace
}  // namespace bridge
