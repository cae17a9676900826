// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/input.hpp"

#include <gtest/gtest.h>

#include "vnet/ip4/testing/net.hpp"

namespace vnet::ip4 {
namespace {

using testing::Bytes;
using testing::Case;
using testing::Net;
using wire::testing::from_hex;
using wire::testing::PacketMaker;

std::unique_ptr<Net> make() {
    auto net = std::make_unique<Net>();
    net->add_input();
    net->add_error();
    net->start();
    return net;
}

PacketMaker from(wire::testing::IpArgument source, wire::testing::IpArgument destination) {
    return wire::testing::packet().ethernet(Net::host_mac, Net::lan_mac).ip4(source, destination);
}
PacketMaker good() {
    return from("10.0.0.2", "10.1.0.9");
}
Bytes udp(PacketMaker maker) {
    return maker.udp().payload(20).bytes();
}

void in_link_broadcast(graph::Packet& packet) {
    packet.meta().flags |= graph::packet_flag::l2_group;
}

TEST(Ip4Input, SendsOnWhatIsWellFormed) {
    const Bytes alert = from_hex("94 04 00 00");
    testing::check(
        make, "ip4-input",
        {{"plain", udp(good()), "ip4-lookup", ""},
         {"no payload", good().bytes(), "ip4-lookup", ""},
         {"a fragment", udp(good().fragment(1480, true)), "ip4-lookup", ""},
         {"time to live 0 is for others to see", udp(good().ttl(0)), "ip4-lookup", ""},
         {"router alert option", udp(good().options(alert)), "ip4-lookup", ""},
         {"padding is cut off", good().udp().payload(3).pad_to(60).bytes(), "ip4-lookup", "",
          good().udp().payload(3).bytes()},
         {"padding behind options is cut off", good().options(alert).pad_to(60).bytes(),
          "ip4-lookup", "", good().options(alert).bytes()},
         {"multicast", udp(from("10.0.0.2", "224.0.0.5")), "ip4-local", ""},
         {"multicast with options", udp(from("10.0.0.2", "224.0.0.22").options(alert)), "ip4-local",
          ""},
         {"limited broadcast", udp(from("10.0.0.2", "255.255.255.255")), "ip4-local", ""},
         {"link broadcast to a network's broadcast address",
          udp(from("10.0.0.2", "10.0.0.255")),
          "ip4-local",
          "",
          {},
          in_link_broadcast},
         {"link broadcast with options",
          udp(good().options(alert)),
          "ip4-local",
          "",
          {},
          in_link_broadcast}});
}

TEST(Ip4Input, DropsByName) {
    const Bytes record_route = from_hex("07 07 04 00 00 00 00");
    testing::check(
        make, "ip4-input",
        {{"nothing behind Ethernet", good().truncate(14).bytes(), "drop", "truncated"},
         {"one byte short of a header", good().truncate(33).bytes(), "drop", "truncated"},
         {"version", udp(good().version(6)), "drop", "bad-version"},
         {"header under 20 bytes", udp(good().header_words(4)), "drop", "bad-header-length"},
         {"header beyond the packet", good().header_words(6).bytes(), "drop", "bad-header-length"},
         {"total length under the header's", udp(good().length(19)), "drop", "bad-total-length"},
         {"total length beyond the packet", udp(good().length(49)), "drop", "bad-total-length"},
         {"fragment too far", udp(good().fragment(65528, false)), "drop", "fragment-overrun"},
         {"checksum", udp(good().bad_checksum()), "drop", "bad-checksum"},
         {"checksum over options", udp(good().options(record_route).bad_checksum()), "drop",
          "bad-checksum"},
         {"loose source route", udp(good().options(from_hex("83 07 04 0a 01 00 07"))), "drop",
          "source-routed"},
         {"strict source route", udp(good().options(from_hex("01 89 07 04 0a 01 00 07"))), "drop",
          "source-routed"}});
}

TEST(Ip4Input, DropsMartians) {
    std::vector<Case> cases;
    for (const char* source :
         {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"}) {
        cases.push_back(
            {std::string("from ") + source, udp(from(source, "10.1.0.9")), "drop", "bad-source"});
        cases.push_back({std::string("with options from ") + source,
                         udp(from(source, "10.1.0.9").options(from_hex("94 04 00 00"))), "drop",
                         "bad-source"});
    }
    for (const char* destination :
         {"0.0.0.0", "0.1.2.3", "127.0.0.1", "240.0.0.1", "255.255.255.254"}) {
        const Bytes packet = udp(from("10.0.0.2", destination));
        cases.push_back({std::string("to ") + destination, packet, "drop", "bad-destination"});
        cases.push_back({std::string("in a link broadcast to ") + destination,
                         packet,
                         "drop",
                         "bad-destination",
                         {},
                         in_link_broadcast});
    }
    testing::check(make, "ip4-input", cases);
}

TEST(Ip4Input, TakesNothingFromAnInterfaceWithoutAddress) {
    testing::check(
        make, "ip4-input",
        {{"no such interface", udp(good()), "drop", "not-enabled", {}, {}, 3},
         {"from nowhere", udp(good()), "drop", "not-enabled", {}, {}, graph::no_interface}});
    const auto net = make();
    ASSERT_TRUE(net->addresses->remove("lan", wire::testing::prefix("10.0.0.1/24")).ok());
    EXPECT_EQ(net->run("ip4-input", udp(good())).at(0).drop, "not-enabled");
    EXPECT_EQ(net->bench.drops("ip4-input", "not-enabled"), 1u);
}

TEST(Ip4Input, TellsTheSenderOfMalformedOptions) {
    const auto told = [](const Bytes& in, uint8_t pointer) {
        return wire::testing::packet()
            .ip4("10.0.0.1", "10.0.0.2")
            .dscp(48)
            .icmp_parameter_problem(pointer)
            .payload(testing::without_ethernet(in))
            .bytes();
    };
    const Bytes bad_pointer = udp(good().options(from_hex("07 07 03 00 00 00 00")));
    const Bytes beyond = udp(good().options(from_hex("01 01 44 0c")));
    testing::check(
        make, "ip4-input",
        {{"pointer of a record route", bad_pointer, "ip4-lookup", "", told(bad_pointer, 22)},
         {"an option beyond the header", beyond, "ip4-lookup", "", told(beyond, 23)}});
    const auto net = make();
    net->run("ip4-input", beyond, 5);
    EXPECT_EQ(net->bench.drops("ip4-input", "bad-options"), 5u);
}

TEST(Ip4Input, SegmentsThatAreChained) {
    const auto net = make();
    const Bytes whole = udp(good().options(from_hex("94 04 00 00")));
    const auto split = [&](size_t at) {
        const Bytes head(whole.begin(), whole.begin() + long(at));
        const Bytes tail(whole.begin() + long(at), whole.end());
        return net->run("ip4-input", head, 1, Net::lan,
                        [&](graph::Packet& packet) { net->append_segment(packet, tail); });
    };
    EXPECT_EQ(split(14 + 24).at(0).next, "ip4-lookup");
    EXPECT_EQ(split(14 + 24).at(0).bytes, whole);
    EXPECT_EQ(split(14 + 23).at(0).drop, "bad-header-length");
    EXPECT_EQ(split(14 + 19).at(0).drop, "truncated");
}

TEST(Ip4Input, SetsWhereLayer4Begins) {
    const auto net = make();
    EXPECT_EQ(net->run("ip4-input", udp(good())).at(0).meta.l4_offset, 34);
    EXPECT_EQ(
        net->run("ip4-input", udp(good().options(from_hex("94 04 00 00")))).at(0).meta.l4_offset,
        38);
}

}  // namespace
}  // namespace vnet::ip4
