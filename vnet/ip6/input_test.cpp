// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/input.hpp"

#include <gtest/gtest.h>

#include "vnet/ip6/testing/net.hpp"

namespace vnet::ip6 {
namespace {

using testing::Bytes;
using testing::Case;
using testing::Net;
using wire::testing::from_hex;
using wire::testing::PacketMaker;

/// ip6-input and icmp6-error: each packet ends on the arc, at ip6-local, as an error, or as a drop.
std::unique_ptr<Net> make() {
    auto net = std::make_unique<Net>();
    net->add_input();
    net->add_error();
    net->start();
    return net;
}

PacketMaker from(wire::testing::Ip6Argument source, wire::testing::Ip6Argument destination) {
    return wire::testing::packet().ethernet(Net::host_mac, Net::lan_mac).ip6(source, destination);
}
PacketMaker good() {
    return from("2001:db8::2", "2001:db8:1::9");
}
Bytes udp(PacketMaker maker) {
    return maker.udp().payload(20).bytes();
}
PacketMaker error_to_host() {
    return wire::testing::packet().ip6("2001:db8::1", "2001:db8::2");
}
Bytes problem(const Bytes& in, wire::Icmp6ParameterProblem code, uint32_t pointer) {
    Bytes quote = testing::without_ethernet(in);
    quote.resize(std::min<size_t>(quote.size(), 1232));
    return error_to_host().icmp6_parameter_problem(code, pointer).payload(quote).bytes();
}

void in_link_multicast(graph::Packet& packet) {
    packet.meta().flags |= graph::packet_flag::l2_group;
}

/// So many empty headers of destination options.
Bytes chain(unsigned headers) {
    PacketMaker maker = good();
    for (unsigned i = 0; i < headers; ++i) {
        maker.destination_options();
    }
    return udp(maker);
}

TEST(Ip6Input, PassesWhatIsWellFormed) {
    const Bytes alert = from_hex("05 02 00 00");
    const Bytes of_no_use = from_hex("1e 04 00 00 00 00");
    testing::check(
        make, "ip6-input",
        {{"UDP", udp(good()), "ip6-lookup", ""},
         {"no payload", good().protocol(wire::IpProtocol::no_next_header).bytes(), "ip6-lookup",
          ""},
         {"traffic class and flow label", udp(good().dscp(46).flow_label(0xfffff)), "ip6-lookup",
          ""},
         {"hop limit 0, which is looked at where it is lowered", udp(good().ttl(0)), "ip6-lookup",
          ""},
         {"padding is cut off", good().udp().payload(1).pad_to(80).bytes(), "ip6-lookup", "",
          good().udp().payload(1).bytes()},
         {"padding behind options is cut off", good().hop_by_hop(alert).pad_to(90).bytes(),
          "ip6-lookup", "", good().hop_by_hop(alert).bytes()},
         {"router alert", udp(good().hop_by_hop(alert)), "ip6-lookup", ""},
         {"an unknown option to be skipped", udp(good().hop_by_hop(of_no_use)), "ip6-lookup", ""},
         {"destination options are not for routers",
          udp(good().destination_options(from_hex("5e 04 00 00 00 00"))), "ip6-lookup", ""},
         {"a routing header of another", udp(good().routing(0, 1, from_hex("00 00 00 00"))),
          "ip6-lookup", ""},
         {"a first fragment", good().fragment_header(0, true).udp().payload(24).bytes(),
          "ip6-lookup", ""},
         {"a last fragment",
          good().fragment_header(1448, false).protocol(wire::IpProtocol::udp).payload(3).bytes(),
          "ip6-lookup", ""},
         {"eight headers", chain(8), "ip6-lookup", ""},
         {"what ESP hides", good().protocol(wire::IpProtocol::esp).payload(30).bytes(),
          "ip6-lookup", ""},
         {"an address that only looks odd", udp(from("fec0::2", "fe00::1")), "ip6-lookup", ""}});
}

/// A router whose parts listen to two groups more.
std::unique_ptr<Net> make_listener() {
    auto net = make();
    net->more.groups->join(Net::lan, wire::testing::ip6("ff0e::1234"));
    net->more.groups->join(Net::lan, wire::testing::ip6("ff02::16"));
    return net;
}

TEST(Ip6Input, GroupsStayHere) {
    testing::check(
        make_listener, "ip6-input",
        {{"all nodes", udp(from("fe80::2", "ff02::1")), "ip6-local", ""},
         {"all routers of the site", udp(from("2001:db8::2", "ff05::2")), "ip6-local", ""},
         {"a global group", udp(from("2001:db8::2", "ff0e::1234")), "ip6-local", ""},
         {"as the link carries it",
          udp(from("fe80::2", "ff02::2")),
          "ip6-local",
          "",
          {},
          in_link_multicast},
         {"from a host without address yet", udp(from("::", "ff02::1:ff00:1")), "ip6-local", ""},
         {"with a router alert, as listeners send",
          from("fe80::2", "ff02::16").hop_by_hop(from_hex("05 02 00 00")).icmp6(143).bytes(),
          "ip6-local", ""},
         {"of the interface itself", udp(from("fe80::2", "ff01::1")), "drop", "bad-destination"},
         {"of no scope", udp(from("fe80::2", "ff00::1")), "drop", "bad-destination"}});
}

TEST(Ip6Input, HearsNoGroupThatNobodyListensTo) {
    const Bytes answered = from_hex("9e 04 00 00 00 00");
    testing::check(
        make_listener, "ip6-input",
        {{"a global group", udp(from("2001:db8::2", "ff0e::1235")), "drop", "not-joined"},
         {"one that is joined elsewhere",
          udp(from("fe80::2", "ff02::16")),
          "drop",
          "not-joined",
          {},
          {},
          Net::wan},
         {"the solicited-node group of an address of wan", udp(from("fe80::2", "ff02::1:ff00:a2")),
          "drop", "not-joined"},
         {"an echo request to all that know mDNS",
          from("fe80::2", "ff02::fb").icmp6_echo_request().bytes(), "drop", "not-joined"},
         {"with an option whose sender would be told",
          udp(from("2001:db8::2", "ff0e::1").hop_by_hop(answered)), "drop", "not-joined"},
         {"with headers whose sender would be told",
          udp(from("2001:db8::2", "ff0e::1").destination_options().hop_by_hop()), "drop",
          "not-joined"},
         {"where IPv6 is not enabled",
          udp(from("fe80::2", "ff02::1")),
          "drop",
          "not-enabled",
          {},
          {},
          3}});
}

TEST(Ip6Input, DropsByName) {
    testing::check(
        make, "ip6-input",
        {{"nothing behind Ethernet", good().truncate(14).bytes(), "drop", "truncated"},
         {"one byte short of a header", good().truncate(53).bytes(), "drop", "truncated"},
         {"version 4", udp(good().version(4)), "drop", "bad-version"},
         {"version 0", udp(good().version(0)), "drop", "bad-version"},
         {"payload beyond the packet", udp(good().length(29)), "drop", "bad-payload-length"},
         {"the longest payload", udp(good().length(65535)), "drop", "bad-payload-length"},
         {"unicast in a link multicast", udp(good()), "drop", "link-group", {}, in_link_multicast},
         {"no such interface", udp(good()), "drop", "not-enabled", {}, {}, 3},
         {"from nowhere", udp(good()), "drop", "not-enabled", {}, {}, graph::no_interface}});
}

TEST(Ip6Input, DropsMartians) {
    std::vector<Case> cases;
    for (const char* source :
         {"::", "::1", "::ffff:10.0.0.2", "ff02::1", "ff0e::1", "fe80:0:0:1::2", "febf::1"}) {
        cases.push_back({std::string("from ") + source, udp(from(source, "2001:db8:1::9")), "drop",
                         "bad-source"});
        cases.push_back({std::string("with options from ") + source,
                         udp(from(source, "2001:db8:1::9").hop_by_hop()), "drop", "bad-source"});
    }
    for (const char* destination : {"::", "::1", "::ffff:10.0.0.2", "fe80:0:0:1::2", "febf::1"}) {
        cases.push_back({std::string("to ") + destination, udp(from("2001:db8::2", destination)),
                         "drop", "bad-destination"});
    }
    cases.push_back(
        {"from no address, to one", udp(from("::", "2001:db8::1")), "drop", "bad-source"});
    testing::check(make, "ip6-input", cases);
}

TEST(Ip6Input, KeepsLinkLocalAddressesOnTheirLink) {
    const auto beyond = [](const Bytes& in, const char* own, const char* sender) {
        return wire::testing::packet()
            .ip6(own, sender)
            .icmp6_unreachable(wire::Icmp6Unreachable::beyond_scope)
            .payload(testing::without_ethernet(in))
            .bytes();
    };
    const Bytes leaves = udp(from("fe80::2", "2001:db8:1::9"));
    const Bytes comes = udp(from("2001:db8::2", "fe80::9"));
    const Bytes crosses = udp(from("fe80::2", testing::wan_link_local));
    testing::check(
        make, "ip6-input",
        {{"for the router", udp(from("fe80::2", testing::lan_link_local)), "ip6-lookup", ""},
         {"from a global address to the router's link-local one",
          udp(from("2001:db8::2", testing::lan_link_local)), "ip6-lookup", ""},
         {"to a global address of the router", udp(from("fe80::2", "2001:db8:1::1")), "ip6-lookup",
          ""},
         {"would leave its link", leaves, "ip6-lookup", "",
          beyond(leaves, testing::lan_link_local, "fe80::2")},
         {"to another host on the link", comes, "ip6-lookup", "",
          beyond(comes, "2001:db8::1", "2001:db8::2")},
         {"to the router's address on another link", crosses, "ip6-lookup", "",
          beyond(crosses, testing::lan_link_local, "fe80::2")},
         {"with extension headers, to the router",
          udp(from("fe80::2", testing::lan_link_local).hop_by_hop()), "ip6-lookup", ""}});
    const auto net = make();
    net->run("ip6-input", leaves, 7);
    EXPECT_EQ(net->bench.drops("ip6-input", "beyond-scope"), 7u);
}

TEST(Ip6Input, TellsTheSenderOfBadExtensions) {
    using enum wire::Icmp6ParameterProblem;
    struct Way {
        const char* what;
        Bytes in;
        const char* reason;
        wire::Icmp6ParameterProblem code;
        uint32_t pointer;
    };
    const std::vector<Way> ways = {
        {"nine headers", chain(9), "extension-limit", too_many_extensions, 40 + 7 * 8},
        {"longer than is looked at",
         udp(good().destination_options(Bytes(254)).destination_options(Bytes(300))),
         "extension-limit", chain_too_long, 40},
        {"hop-by-hop options behind others", udp(good().destination_options().hop_by_hop()),
         "bad-extensions", unknown_next_header, 40},
        {"a piece that is no multiple of 8",
         good().fragment_header(0, true).protocol(wire::IpProtocol::udp).payload(9).bytes(),
         "bad-extensions", erroneous_header, 4},
        {"a piece beyond 65535 bytes",
         good().fragment_header(65528, false).protocol(wire::IpProtocol::udp).payload(9).bytes(),
         "bad-extensions", erroneous_header, 42},
        {"an option beyond its header", udp(good().hop_by_hop(from_hex("1e 07 00 00 00 00"))),
         "bad-options", erroneous_header, 43},
        {"an unknown option that asks for an answer",
         udp(good().hop_by_hop(from_hex("9e 04 00 00 00 00"))), "unknown-option", unknown_option,
         42},
        {"an unknown option that asks for one where it is unicast",
         udp(good().hop_by_hop(from_hex("01 00 de 02 00 00"))), "unknown-option", unknown_option,
         44}};
    std::vector<Case> cases;
    for (const Way& way : ways) {
        cases.push_back(
            {way.what, way.in, "ip6-lookup", "", problem(way.in, way.code, way.pointer)});
        const auto net = make();
        net->run("ip6-input", way.in, 5);
        EXPECT_EQ(net->bench.drops("ip6-input", way.reason), 5u) << way.what;
    }
    testing::check(make, "ip6-input", cases);
}

TEST(Ip6Input, TellsNobodyOfSomeExtensions) {
    const Bytes discard = from_hex("5e 04 00 00 00 00");
    const Bytes if_unicast = from_hex("de 04 00 00 00 00");
    testing::check(
        make, "ip6-input",
        {{"a cut header", good().length(0).destination_options().truncate(14 + 40).bytes(), "drop",
          "bad-extensions"},
         {"a header cut in the middle",
          good().length(16).hop_by_hop(Bytes(20)).truncate(14 + 56).bytes(), "drop",
          "bad-extensions"},
         {"a first fragment without all headers",
          good().fragment_header(0, true).destination_options(Bytes(14)).length(200).bytes(),
          "drop", "bad-extensions"},
         {"a fragment in a fragment",
          udp(good().fragment_header(0, false).fragment_header(0, false)), "drop",
          "bad-extensions"},
         {"an unknown option that says so", udp(good().hop_by_hop(discard)), "drop",
          "unknown-option"},
         {"an unknown option to a group", udp(from("fe80::2", "ff02::1").hop_by_hop(if_unicast)),
          "drop", "unknown-option"}});
}

TEST(Ip6Input, TellsOfAnOptionInAPacketToAGroupWhereItAsksForIt) {
    const Bytes in =
        udp(from("2001:db8::2", "ff0e::1234").hop_by_hop(from_hex("9e 04 00 00 00 00")));
    testing::check(make_listener, "ip6-input",
                   {{"unknown option", in, "ip6-lookup", "",
                     problem(in, wire::Icmp6ParameterProblem::unknown_option, 42)}});
}

TEST(Ip6Input, SetsWhereTheUpperLayerBegins) {
    const auto net = make();
    const auto at = [&](const Bytes& in) {
        return net
            ->run("ip6-input", in, 1, Net::lan,
                  [](graph::Packet& one) { one.meta().l4_offset = 0; })
            .at(0)
            .meta.l4_offset;
    };
    EXPECT_EQ(at(udp(good())), 54);
    EXPECT_EQ(at(udp(good().hop_by_hop())), 62);
    EXPECT_EQ(at(udp(good().hop_by_hop().routing(4, 0, Bytes(12)).fragment_header(0, false))), 86);
    EXPECT_EQ(at(udp(good().authentication(24).destination_options())), 86);
}

TEST(Ip6Input, SegmentsThatAreChained) {
    const Bytes whole = udp(good().hop_by_hop(from_hex("05 02 00 00")));
    const auto net = make();
    const auto split = [&](size_t at) {
        const Bytes head(whole.begin(), whole.begin() + long(at));
        const Bytes tail(whole.begin() + long(at), whole.end());
        return net->run("ip6-input", head, 1, Net::lan,
                        [&](graph::Packet& packet) { net->append_segment(packet, tail); });
    };
    EXPECT_EQ(split(14 + 48).at(0).next, "ip6-lookup");
    EXPECT_EQ(split(14 + 48).at(0).bytes, whole);
    EXPECT_EQ(split(14 + 47).at(0).drop, "bad-extensions") << "headers lie in the first segment";
    EXPECT_EQ(split(14 + 39).at(0).drop, "truncated");
}

TEST(Ip6Input, TakesNothingWhereIp6IsNoLongerEnabled) {
    const auto net = make();
    ASSERT_TRUE(net->addresses->remove("lan", wire::testing::prefix6("2001:db8::1/64")).ok());
    EXPECT_EQ(net->run("ip6-input", udp(good())).at(0).drop, "not-enabled");
    EXPECT_EQ(net->run("ip6-input", udp(from("fe80::2", "ff02::1"))).at(0).drop, "not-enabled");
    EXPECT_EQ(net->bench.drops("ip6-input", "not-enabled"), 2u);
}

}  // namespace
}  // namespace vnet::ip6
