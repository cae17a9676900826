// SPDX-License-Identifier: Apache-2.0
#include "vnet/icmp4/input.hpp"

#include <gtest/gtest.h>

#include "vnet/ip4/testing/net.hpp"

namespace vnet::icmp4 {
namespace {

using ip4::testing::Bytes;
using ip4::testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

std::unique_ptr<Net> make() {
    auto net = std::make_unique<Net>();
    net->add_icmp_input();
    net->start();
    return net;
}
PacketMaker from(wire::testing::IpArgument source, wire::testing::IpArgument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip4(source, destination);
}
PacketMaker to_us() {
    return from("10.0.0.2", "10.0.0.1").ttl(7).dscp(10).identification(99);
}
PacketMaker from_us() {
    return from("10.0.0.1", "10.0.0.2").dscp(10).identification(99);
}

TEST(Icmp4Input, AnswersEcho) {
    std::vector<ip4::testing::Case> cases;
    for (const int size : {0, 1, 2, 3, 56, 57, 1471, 1472}) {
        cases.push_back({"payload of " + std::to_string(size),
                         to_us().icmp_echo_request(7, 3).payload(size).bytes(), "ip4-lookup", "",
                         from_us().icmp_echo_reply(7, 3).payload(size).bytes()});
    }
    // Sums that end at 0xffff and at 0, where an incremental update goes wrong first.
    for (const uint16_t sequence :
         {uint16_t(0xf7fe), uint16_t(0xf7ff), uint16_t(0xf7fd), uint16_t(0xffff)}) {
        cases.push_back({"sequence " + std::to_string(sequence),
                         to_us().icmp_echo_request(0, sequence).bytes(), "ip4-lookup", "",
                         from_us().icmp_echo_reply(0, sequence).bytes()});
    }
    const Bytes record = wire::testing::from_hex("94 04 00 00");
    cases.push_back({"options", to_us().options(record).icmp_echo_request(1, 1).payload(5).bytes(),
                     "ip4-lookup", "",
                     from_us().options(record).icmp_echo_reply(1, 1).payload(5).bytes()});
    ip4::testing::check(make, "icmp4-input", cases);
}

TEST(Icmp4Input, TheAnswerIsTheRoutersOwn) {
    const auto net = make();
    const auto result = net->run("icmp4-input", to_us().icmp_echo_request().bytes(), 1, Net::lan,
                                 [](graph::Packet& one) { one.meta().flow_hash = 77; });
    EXPECT_TRUE(result.at(0).meta.has(graph::packet_flag::local_origin));
    EXPECT_EQ(result.at(0).meta.flow_hash, 0u);
}

TEST(Icmp4Input, DropsByName) {
    const auto group = [](graph::Packet& one) { one.meta().flags |= graph::packet_flag::l2_group; };
    const Bytes echo = to_us().icmp_echo_request().payload(9).bytes();
    std::vector<ip4::testing::Case> cases = {
        {"one byte short", to_us().icmp_echo_request().truncate(14 + 20 + 7).bytes(), "drop",
         "truncated"},
        {"checksum", to_us().icmp_echo_request().bad_checksum().payload(9).bytes(), "drop",
         "bad-checksum"},
        {"a code that echo has not", to_us().icmp(8, 1).bytes(), "drop", "not-for-router"},
        {"link broadcast", echo, "drop", "broadcast-echo", {}, group},
        {"limited broadcast", from("10.0.0.2", "255.255.255.255").icmp_echo_request().bytes(),
         "drop", "broadcast-echo"},
        {"multicast", from("10.0.0.2", "224.0.0.1").icmp_echo_request().bytes(), "drop",
         "broadcast-echo"}};
    for (const unsigned type : {0U, 3U, 5U, 11U, 12U, 13U, 17U, 255U}) {
        cases.push_back({"type " + std::to_string(type), to_us().icmp(uint8_t(type)).bytes(),
                         "drop", "not-for-router"});
    }
    ip4::testing::check(make, "icmp4-input", cases);
}

TEST(Icmp4Input, TheRestIsForWhoTookIt) {
    const auto with_rest = [] {
        auto net = std::make_unique<Net>();
        net->add_icmp_input();
        EXPECT_TRUE(
            net->local.register_rest(net->bench.graph(), net->bench.collector("rest")).ok());
        net->start();
        return net;
    };
    const auto group = [](graph::Packet& one) { one.meta().flags |= graph::packet_flag::l2_group; };
    ip4::testing::check(
        with_rest, "icmp4-input",
        {{"an answer to us", to_us().icmp_echo_reply(1, 1).payload(9).bytes(), "rest", ""},
         {"an error about what we sent", to_us().icmp(3, 3).payload(28).bytes(), "rest", ""},
         {"a redirect", to_us().icmp(5).payload(28).bytes(), "drop", "not-for-router"},
         {"to all on the link", to_us().icmp(13).bytes(), "drop", "not-for-router", {}, group},
         {"by multicast", from("10.0.0.2", "224.0.0.1").icmp(10).bytes(), "drop", "not-for-router"},
         {"checksum", to_us().icmp_echo_reply(1, 1).bad_checksum().payload(9).bytes(), "drop",
          "bad-checksum"}});
    const auto result =
        with_rest()->run("icmp4-input", to_us().icmp_echo_request(7, 3).bytes()).at(0);
    EXPECT_EQ(result.next, "ip4-lookup");
}

TEST(Icmp4Input, SumsOverSegments) {
    const Bytes request = to_us().icmp_echo_request(7, 3).payload(100).bytes();
    const Bytes reply = from_us().icmp_echo_reply(7, 3).payload(100).bytes();
    for (const size_t first : {size_t(42), size_t(43), size_t(90), size_t(141)}) {
        for (const bool broken : {false, true}) {
            const auto net = make();
            const Bytes head(request.begin(), request.begin() + long(first));
            Bytes tail(request.begin() + long(first), request.end());
            tail.back() ^= std::byte(broken ? 1 : 0);
            const auto result = net->run("icmp4-input", head, 1, Net::lan, [&](graph::Packet& one) {
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
}  // namespace vnet::icmp4
