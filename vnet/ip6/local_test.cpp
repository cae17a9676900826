// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/local.hpp"

#include <gtest/gtest.h>

#include "vnet/ip6/testing/net.hpp"

namespace vnet::ip6 {
namespace {

using testing::Bytes;
using testing::Case;
using testing::Net;
using wire::testing::from_hex;
using wire::testing::packet;
using wire::testing::PacketMaker;

PacketMaker to_us_from(wire::testing::Ip6Argument source, wire::testing::Ip6Argument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip6(source, destination);
}
PacketMaker for_us() {
    return to_us_from("2001:db8::2", "2001:db8::1");
}
void heard_in_multicast(graph::Packet& one) {
    one.meta().flags |= graph::packet_flag::l2_group;
}
void of_the_router(graph::Packet& one) {
    one.meta().flags |= graph::packet_flag::local_origin;
}
Bytes told(const Bytes& in, wire::Icmp6ParameterProblem code, uint32_t pointer) {
    return packet()
        .ip6("2001:db8::1", "2001:db8::2")
        .icmp6_parameter_problem(code, pointer)
        .payload(testing::without_ethernet(in))
        .bytes();
}

std::unique_ptr<Net> with_local() {
    auto net = std::make_unique<Net>();
    net->add_local();
    net->add_error();
    net->start();
    return net;
}

TEST(Ip6Local, TakesInWhatIsForTheRouter) {
    testing::check(
        with_local, "ip6-local",
        {{"for us", for_us().udp().bytes(), "ip6-deliver", ""},
         {"for our other address", to_us_from("2001:db8::2", "2001:db8:1::1").udp().bytes(),
          "ip6-deliver", ""},
         {"for our link-local address",
          to_us_from("fe80::2", testing::lan_link_local).udp().bytes(), "ip6-deliver", ""},
         {"a group in a link multicast",
          to_us_from("fe80::2", "ff02::1").udp().bytes(),
          "ip6-deliver",
          "",
          {},
          heard_in_multicast},
         {"from no address yet", to_us_from("::", "ff02::1:ff00:1").icmp6(135).bytes(),
          "ip6-deliver", ""},
         {"from ourselves by way of the table",
          to_us_from("2001:db8::1", "2001:db8:1::1").udp().bytes(),
          "ip6-deliver",
          "",
          {},
          of_the_router},
         {"an address of ours on another link only is another's here",
          to_us_from(testing::wan_link_local, testing::lan_link_local).udp().bytes(), "ip6-deliver",
          ""},
         {"destination options", for_us().destination_options().udp().bytes(), "ip6-deliver", ""},
         {"options before and behind a routing header that has been gone along",
          for_us()
              .destination_options()
              .routing(4, 0, Bytes(4))
              .destination_options()
              .udp()
              .bytes(),
          "ip6-deliver", ""},
         {"an atomic fragment", for_us().fragment_header(0, false).udp().bytes(), "ip6-deliver",
          ""},
         {"a first fragment, to be put together",
          for_us().fragment_header(0, true).udp().payload(16).bytes(), "ip6-reassemble", ""},
         {"a last fragment",
          for_us().fragment_header(800, false).protocol(wire::IpProtocol::udp).payload(9).bytes(),
          "ip6-reassemble", ""},
         {"authenticated by nobody here",
          for_us().authentication(24).destination_options().udp().bytes(), "ip6-deliver", ""}});
}

TEST(Ip6Local, DropsByName) {
    testing::check(
        with_local, "ip6-local",
        {{"too short", for_us().truncate(50).bytes(), "drop", "truncated"},
         {"neighbor discovery in a first fragment",
          to_us_from("fe80::2", "ff02::1:ff00:1")
              .fragment_header(0, true)
              .icmp6(135)
              .payload(16)
              .bytes(),
          "drop", "fragmented-discovery"},
         {"neighbor discovery in an atomic fragment",
          to_us_from("fe80::2", testing::lan_link_local)
              .hop_by_hop()
              .fragment_header(0, false)
              .icmp6(136)
              .payload(16)
              .bytes(),
          "drop", "fragmented-discovery"},
         {"our address for a source", to_us_from("2001:db8::1", "2001:db8:1::1").udp().bytes(),
          "drop", "spoofed-source"},
         {"our link-local address for a source",
          to_us_from(testing::lan_link_local, "ff02::1").udp().bytes(), "drop", "spoofed-source"},
         {"headers that do not lead to the end of what was put together",
          for_us().destination_options().hop_by_hop().udp().bytes(), "drop", "bad-headers"},
         {"an unknown option that says so",
          for_us().destination_options(from_hex("5e 04 00 00 00 00")).udp().bytes(), "drop",
          "unknown-option"},
         {"an unknown option to a group",
          to_us_from("2001:db8::2", "ff0e::1")
              .destination_options(from_hex("de 04 00 00 00 00"))
              .udp()
              .bytes(),
          "drop", "unknown-option"}});
}

TEST(Ip6Local, TellsTheSenderOfWhatADestinationRefuses) {
    using enum wire::Icmp6ParameterProblem;
    struct Way {
        const char* what;
        Bytes in;
        const char* reason;
        wire::Icmp6ParameterProblem code;
        uint32_t pointer;
    };
    std::vector<Case> cases;
    for (const Way& way : {
             Way{"a routing header to follow", for_us().routing(0, 1, Bytes(20)).udp().bytes(),
                 "routing-header", erroneous_header, 42},
             Way{"behind other headers",
                 for_us().hop_by_hop().routing(4, 2, Bytes(36)).udp().bytes(), "routing-header",
                 erroneous_header, 50},
             Way{"an unknown option that asks for an answer",
                 for_us().destination_options(from_hex("9e 04 00 00 00 00")).udp().bytes(),
                 "unknown-option", unknown_option, 42},
             Way{"in the second options",
                 for_us()
                     .destination_options()
                     .routing(4, 0, Bytes(4))
                     .destination_options(from_hex("00 00 9e 02 00 00"))
                     .udp()
                     .bytes(),
                 "unknown-option", unknown_option, 60},
             Way{"an unknown option that asks for one where it is unicast",
                 for_us().destination_options(from_hex("de 04 00 00 00 00")).udp().bytes(),
                 "unknown-option", unknown_option, 42},
             Way{"an option beyond its header",
                 for_us().destination_options(from_hex("1e 05 00 00 00 00")).udp().bytes(),
                 "bad-options", erroneous_header, 43},
         }) {
        cases.push_back({way.what, way.in, "ip6-lookup", "", told(way.in, way.code, way.pointer)});
        const auto net = with_local();
        net->run("ip6-local", way.in, 4);
        EXPECT_EQ(net->bench.drops("ip6-local", way.reason), 4u) << way.what;
    }
    testing::check(with_local, "ip6-local", cases);
}

std::unique_ptr<Net> with_deliver() {
    auto net = std::make_unique<Net>();
    net->add_deliver();
    net->add_error();
    const auto& graph = net->bench.graph();
    EXPECT_TRUE(
        net->local.register_protocol(graph, wire::IpProtocol::ospf, net->bench.collector("ospf"))
            .ok());
    EXPECT_TRUE(net->local.register_udp_port(graph, 547, net->bench.collector("dhcp")).ok());
    net->start();
    return net;
}

TEST(Ip6Deliver, GoesToWhoTookTheProtocolOrPort) {
    testing::check(
        with_deliver, "ip6-deliver",
        {{"protocol", for_us().protocol(wire::IpProtocol::ospf).payload(9).bytes(), "ospf", ""},
         {"protocol by multicast",
          to_us_from("fe80::2", "ff02::5").protocol(wire::IpProtocol::ospf).bytes(), "ospf", ""},
         {"protocol behind headers",
          for_us().hop_by_hop().destination_options().protocol(wire::IpProtocol::ospf).bytes(),
          "ospf", ""},
         {"port", for_us().udp(546, 547).payload(9).bytes(), "dhcp", ""},
         {"port by multicast",
          to_us_from("fe80::2", "ff02::1:2").udp(546, 547).bytes(),
          "dhcp",
          "",
          {},
          heard_in_multicast},
         {"port behind headers", for_us().fragment_header(0, false).udp(546, 547).bytes(), "dhcp",
          ""}});
}

TEST(Ip6Deliver, TellsTheSenderThatThereIsNobody) {
    const Bytes no_port = for_us().udp(1000, 68).payload(8).bytes();
    const Bytes tcp = for_us().tcp(1000, 179).bytes();
    const Bytes no_protocol = for_us().protocol(wire::IpProtocol::sctp).payload(40).bytes();
    const Bytes nothing = for_us().protocol(wire::IpProtocol::no_next_header).bytes();
    const Bytes behind = for_us().hop_by_hop().protocol(wire::IpProtocol::sctp).payload(4).bytes();
    const Bytes elsewhere = to_us_from("2001:db8::2", "2001:db8:1::1").udp(1000, 68).bytes();
    const Bytes on_link = to_us_from("fe80::2", testing::lan_link_local).udp(1000, 68).bytes();
    const auto no_such_port = [](const Bytes& in, const char* own, const char* sender) {
        return packet()
            .ip6(own, sender)
            .icmp6_unreachable(wire::Icmp6Unreachable::port)
            .payload(testing::without_ethernet(in))
            .bytes();
    };
    using enum wire::Icmp6ParameterProblem;
    testing::check(
        with_deliver, "ip6-deliver",
        {{"no such port", no_port, "ip6-lookup", "",
          no_such_port(no_port, "2001:db8::1", "2001:db8::2")},
         {"no TCP here", tcp, "ip6-lookup", "", no_such_port(tcp, "2001:db8::1", "2001:db8::2")},
         {"from the address that was asked (RFC 4443 2.2 a)", elsewhere, "ip6-lookup", "",
          no_such_port(elsewhere, "2001:db8:1::1", "2001:db8::2")},
         {"from the link-local address", on_link, "ip6-lookup", "",
          no_such_port(on_link, testing::lan_link_local, "fe80::2")},
         {"no such protocol", no_protocol, "ip6-lookup", "",
          told(no_protocol, unknown_next_header, 6)},
         {"no such protocol behind headers", behind, "ip6-lookup", "",
          told(behind, unknown_next_header, 40)},
         {"nothing behind the header (RFC 8200 4.7)", nothing, "drop", "no-payload"}});
    const auto net = with_deliver();
    net->run("ip6-deliver", no_port, 3);
    net->run("ip6-deliver", no_protocol, 2);
    EXPECT_EQ(net->bench.drops("ip6-deliver", "no-port"), 3u);
    EXPECT_EQ(net->bench.drops("ip6-deliver", "no-protocol"), 2u);
}

TEST(Ip6Deliver, DropsByName) {
    testing::check(
        with_deliver, "ip6-deliver",
        {{"no such port, by multicast", to_us_from("2001:db8::2", "ff02::1").udp(1, 2).bytes(),
          "drop", "no-listener"},
         {"no such port, in a link multicast",
          for_us().udp(1, 2).bytes(),
          "drop",
          "no-listener",
          {},
          heard_in_multicast},
         {"no such protocol, by multicast",
          to_us_from("2001:db8::2", "ff02::1").protocol(wire::IpProtocol::sctp).bytes(), "drop",
          "no-listener"},
         {"no TCP by multicast", to_us_from("2001:db8::2", "ff02::1").tcp().bytes(), "drop",
          "no-listener"},
         {"half a UDP header", for_us().udp().truncate(14 + 40 + 7).bytes(), "drop", "truncated"},
         {"a UDP length under 8", for_us().udp().length(7).bytes(), "drop", "truncated"},
         {"a UDP length beyond the packet", for_us().udp().length(9).bytes(), "drop", "truncated"},
         {"no IPv6 header", for_us().truncate(20).bytes(), "drop", "truncated"}});
}

}  // namespace
}  // namespace vnet::ip6
