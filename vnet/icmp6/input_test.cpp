// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp6/input.hpp"

#include <gtest/gtest.h>

#include "vnet/ip6/testing/net.hpp"

namespace vnet::icmp6 {
namespace {

using ip6::testing::Bytes;
using ip6::testing::Case;
using ip6::testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

std::unique_ptr<Net> make() {
    auto net = std::make_unique<Net>();
    net->add_icmp_input();
    net->start();
    return net;
}
PacketMaker from(wire::testing::Ip6Argument source, wire::testing::Ip6Argument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip6(source, destination);
}
PacketMaker to_us() {
    return from("2001:db8::2", "2001:db8::1").ttl(7).dscp(10).flow_label(99);
}
PacketMaker from_us() {
    return from("2001:db8::1", "2001:db8::2").dscp(10).flow_label(99);
}

TEST(Icmp6Input, AnswersEcho) {
    std::vector<Case> cases;
    for (const int size : {0, 1, 2, 3, 56, 57, 1451, 1452}) {
        cases.push_back({"payload of " + std::to_string(size),
                         to_us().icmp6_echo_request(7, 3).payload(size).bytes(), "ip6-lookup", "",
                         from_us().icmp6_echo_reply(7, 3).payload(size).bytes()});
    }
    // Sums near 0xffff and 0, where an incremental update goes wrong first.
    for (unsigned sequence = 0; sequence < 0x10000; sequence += 0x555) {
        cases.push_back({"sequence " + std::to_string(sequence),
                         to_us().icmp6_echo_request(0, uint16_t(sequence)).bytes(), "ip6-lookup",
                         "", from_us().icmp6_echo_reply(0, uint16_t(sequence)).bytes()});
    }
    ip6::testing::check(make, "icmp6-input", cases);
}

TEST(Icmp6Input, EverySumComesOutRight) {
    const auto net = make();
    for (unsigned sequence = 0; sequence < 0x10000; ++sequence) {
        // In steps that try each sum a few times at most: 64 at once.
        if (sequence % 64 != 0) {
            continue;
        }
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < 64; ++i) {
            graph::Packet* one =
                net->bench.packet(to_us().icmp6_echo_request(0, uint16_t(sequence + i)).bytes());
            one->meta().l3_offset = 14;
            one->meta().l4_offset = 54;
            packets.push_back(one);
        }
        unsigned at = sequence;
        for (const auto& result : net->bench.run("icmp6-input", packets)) {
            ASSERT_EQ(result.bytes, from_us().icmp6_echo_reply(0, uint16_t(at++)).bytes());
        }
    }
}

TEST(Icmp6Input, AnswersWithoutTheHeadersOfTheRequest) {
    for (const bool fragment : {false, true}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = make();
            PacketMaker request = to_us().hop_by_hop().destination_options();
            if (fragment) {
                request.fragment_header(0, false);
            }
            const Bytes in = request.icmp6_echo_request(7, 3).payload(33).bytes();
            for (const auto& result : net->run("icmp6-input", in, burst)) {
                ASSERT_EQ(result.next, "ip6-lookup");
                const Bytes from_header(result.bytes.begin() + result.meta.l3_offset,
                                        result.bytes.end());
                ASSERT_EQ(wire::testing::hex_dump(from_header),
                          wire::testing::hex_dump(ip6::testing::without_ethernet(
                              from_us().icmp6_echo_reply(7, 3).payload(33).bytes())));
                ASSERT_EQ(result.meta.l4_offset - result.meta.l3_offset, 40);
            }
        }
    }
}

TEST(Icmp6Input, AnswersGroupsFromAnAddressOfItsOwn) {
    const auto in_group = [](graph::Packet& one) {
        one.meta().flags |= graph::packet_flag::l2_group;
    };
    const auto asked = [](const char* source, const char* group) {
        return from(source, group).icmp6_echo_request(7, 3).payload(5).bytes();
    };
    const auto answer = [](const char* own, const char* to) {
        return from(own, to).icmp6_echo_reply(7, 3).payload(5).bytes();
    };
    ip6::testing::check(
        make, "icmp6-input",
        {{"all nodes, by a global address", asked("2001:db8::2", "ff02::1"), "ip6-lookup", "",
          answer("2001:db8::1", "2001:db8::2"), in_group},
         {"all nodes, by a link-local address", asked("fe80::2", "ff02::1"), "ip6-lookup", "",
          answer(ip6::testing::lan_link_local, "fe80::2"), in_group},
         {"all routers, on wan", asked("fe80::2", "ff02::2"), "ip6-lookup", "",
          answer(ip6::testing::wan_link_local, "fe80::2"), in_group, Net::wan},
         {"on a link without address",
          asked("fe80::2", "ff02::1"),
          "drop",
          "no-source-address",
          {},
          in_group,
          9},
         {"from nobody", asked("::", "ff02::1"), "drop", "not-for-router", {}, in_group}});
}

TEST(Icmp6Input, TheAnswerIsTheRoutersOwn) {
    const auto net = make();
    const auto result =
        net->run("icmp6-input", from("fe80::2", "ff02::1").icmp6_echo_request().bytes(), 1,
                 Net::lan, [](graph::Packet& one) {
                     one.meta().flow_hash = 77;
                     one.meta().flags |= graph::packet_flag::l2_group;
                 });
    EXPECT_TRUE(result.at(0).meta.has(graph::packet_flag::local_origin));
    EXPECT_FALSE(result.at(0).meta.has(graph::packet_flag::l2_group));
    EXPECT_EQ(result.at(0).meta.flow_hash, 0u);
}

TEST(Icmp6Input, GivesNeighborDiscoveryAway) {
    std::vector<Case> cases;
    for (const unsigned type : {133U, 134U, 135U, 136U, 137U}) {
        cases.push_back(
            {"type " + std::to_string(type), to_us().icmp6(uint8_t(type)).bytes(), "nd-input", ""});
    }
    ip6::testing::check(make, "icmp6-input", cases);
}

TEST(Icmp6Input, GivesQueriesOfTheLinkAway) {
    ip6::testing::check(
        make, "icmp6-input",
        {{"to all nodes", from("fe80::2", "ff02::1").icmp6(130).bytes(), "mld-input", ""},
         {"from beyond the link", from("2001:db8::2", "ff02::1").icmp6(130).bytes(), "drop",
          "not-for-router"}});
}

TEST(Icmp6Input, DropsByName) {
    std::vector<Case> cases = {
        {"one byte short", to_us().icmp6_echo_request().truncate(14 + 40 + 7).bytes(), "drop",
         "truncated"},
        {"checksum", to_us().icmp6_echo_request().bad_checksum().payload(9).bytes(), "drop",
         "bad-checksum"},
        {"checksum of neighbor discovery", to_us().icmp6(135).bad_checksum().bytes(), "drop",
         "bad-checksum"},
        {"a code that echo has not", to_us().icmp6(128, 1).bytes(), "drop", "not-for-router"}};
    for (const unsigned type : {1U, 2U, 3U, 4U, 129U, 130U, 138U, 143U, 255U}) {
        cases.push_back({"type " + std::to_string(type), to_us().icmp6(uint8_t(type)).bytes(),
                         "drop", "not-for-router"});
    }
    ip6::testing::check(make, "icmp6-input", cases);
}

TEST(Icmp6Input, SumsOverSegments) {
    const Bytes request = to_us().icmp6_echo_request(7, 3).payload(100).bytes();
    const Bytes reply = from_us().icmp6_echo_reply(7, 3).payload(100).bytes();
    for (const size_t first : {size_t(62), size_t(63), size_t(90), size_t(161)}) {
        for (const bool broken : {false, true}) {
            const auto net = make();
            const Bytes head(request.begin(), request.begin() + long(first));
            Bytes tail(request.begin() + long(first), request.end());
            tail.back() ^= std::byte(broken ? 1 : 0);
            const auto result = net->run("icmp6-input", head, 1, Net::lan, [&](graph::Packet& one) {
                net->append_segment(one, tail);
            });
            if (broken) {
                EXPECT_EQ(result.at(0).drop, "bad-checksum");
            } else {
                EXPECT_EQ(result.at(0).bytes, reply);
            }
        }
    }
}

}  // namespace
}  // namespace vnet::icmp6
