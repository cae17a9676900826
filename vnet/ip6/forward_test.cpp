// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "vnet/ip6/scope.hpp"
#include "vnet/ip6/testing/net.hpp"

/// ip6-lookup, ip6-rewrite and ip6-unreachable: the way of a packet that is forwarded.
namespace vnet::ip6 {
namespace {

using testing::Bytes;
using testing::Case;
using testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

PacketMaker from_host(wire::testing::Ip6Argument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip6("2001:db8::2", destination);
}
/// What leaves by wan to the router there.
PacketMaker to_gateway(wire::testing::Ip6Argument destination) {
    return packet().ethernet(Net::wan_mac, Net::router_mac).ip6("2001:db8::2", destination);
}
/// An error to the host on lan, as it leaves icmp6-error, with no link header yet.
PacketMaker error_to_host() {
    return packet().ip6("2001:db8::1", "2001:db8::2");
}
Via via(interface::Index interface, const char* next_hop) {
    return {Via::Kind::next_hop, interface, wire::testing::ip6(next_hop)};
}

std::unique_ptr<Net> with_lookup() {
    auto net = std::make_unique<Net>();
    net->add_lookup();
    net->add_unreachable();
    net->start();
    net->route("2001:db8:20::/44", via(Net::wan, "2001:db8:1::2"));
    net->route("2001:db8:21::/48", via(Net::wan, "2001:db8:1::77"));
    net->route("2001:db8:21:1::80/121", {Via::Kind::blackhole, 0, {}});
    net->route("2001:db8:22::/64", {Via::Kind::prohibit, 0, {}});
    net->route("2001:db8:23::/64", {Via::Kind::unreachable, 0, {}});
    return net;
}

TEST(Ip6Lookup, GoesWhereTheLongestPrefixLeads) {
    struct Way {
        const char* destination;
        const char* next;
        const char* drop = "";
    };
    std::vector<Case> cases;
    for (const Way& way :
         {Way{"2001:db8::1", "ip6-local"}, Way{"2001:db8:1::1", "ip6-local"},
          Way{"2001:db8::2", "ip6-rewrite"}, Way{"2001:db8::3", "ip6-resolve"},
          Way{"2001:db8:20::9", "ip6-rewrite"}, Way{"2001:db8:2f:ffff::", "ip6-rewrite"},
          Way{"2001:db8:21:1::7f", "ip6-resolve"}, Way{"2001:db8:21:1::80", "drop", "blackhole"},
          Way{"2001:db8:21:1::ff", "drop", "blackhole"}, Way{"2001:db8:21:1::100", "ip6-resolve"},
          Way{"2001:db8:22::1", "icmp6-error"}, Way{"2001:db8:23::1", "icmp6-error"},
          Way{"2001:db8:30::", "icmp6-error"}, Way{"ffff::1", "icmp6-error"}}) {
        cases.push_back({way.destination, from_host(way.destination).udp().payload(10).bytes(),
                         way.next, way.drop});
    }
    testing::check(with_lookup, "ip6-lookup", cases);
}

TEST(Ip6Lookup, ALinkLocalDestinationIsOnThePacketsOwnLink) {
    const auto make = [] {
        auto net = with_lookup();
        net->neighbor(Net::lan, "fe80::b1", Net::host_mac);
        return net;
    };
    const auto to = [](const char* destination) { return from_host(destination).udp().bytes(); };
    testing::check(
        make, "ip6-lookup",
        {{"the router's own, on lan", to(testing::lan_link_local), "ip6-local", ""},
         {"the router's own, on wan",
          to(testing::wan_link_local),
          "ip6-local",
          "",
          {},
          {},
          Net::wan},
         {"that of lan, on wan", to(testing::lan_link_local), "ip6-resolve", "", {}, {}, Net::wan},
         {"a neighbour, on lan", to("fe80::b1"), "ip6-rewrite", ""},
         {"nobody's, on wan", to("fe80::b1"), "ip6-resolve", "", {}, {}, Net::wan},
         {"on a link without IPv6", to("fe80::b1"), "icmp6-error", "", {}, {}, 7}});
}

TEST(Ip6Lookup, NotesAdjacencyAndInterface) {
    const auto net = with_lookup();
    const auto result = net->run("ip6-lookup", from_host("2001:db8:20::9").udp().bytes()).at(0);
    EXPECT_EQ(result.meta.tx_interface, Net::wan);
    const fib::Adjacency& adjacency = net->forwarding.adjacency(result.meta.adjacency);
    EXPECT_EQ(adjacency.action, fib::Action::forward);
    EXPECT_EQ(adjacency.next_hop, wire::testing::ip6("2001:db8:1::2"));
    EXPECT_EQ(adjacency.mtu, 1500u);
}

TEST(Ip6Lookup, MixedDestinationsInOneVector) {
    const auto net = with_lookup();
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < 256; ++i) {
        const char* destination = i % 3 == 0   ? "2001:db8::1"
                                  : i % 3 == 1 ? "2001:db8::3"
                                               : "2001:db8:21:1::80";
        graph::Packet* one = net->bench.packet(from_host(destination).udp().bytes());
        one->meta().l3_offset = 14;
        packets.push_back(one);
    }
    std::map<std::string, unsigned> counts;
    for (const auto& result : net->bench.run("ip6-lookup", packets)) {
        ++counts[result.next];
    }
    EXPECT_EQ(counts, (std::map<std::string, unsigned>{
                          {"drop", 85}, {"ip6-local", 86}, {"ip6-resolve", 85}}));
}

TEST(Ip6Lookup, ATruncatedHeaderLeadsNowhere) {
    const auto net = with_lookup();
    const auto result = net->run("ip6-lookup", from_host("2001:db8::2").truncate(50).bytes()).at(0);
    EXPECT_EQ(result.drop, "");
    EXPECT_EQ(result.next, "icmp6-error");
}

TEST(Ip6Unreachable, TellsTheSenderByAction) {
    const auto make = [] {
        auto net = std::make_unique<Net>();
        net->add_unreachable();
        net->add_error();
        net->start();
        return net;
    };
    struct Way {
        const char* name;
        fib::PathIndex Fib::Paths::*path;
        std::optional<wire::Icmp6Unreachable> code;
    };
    const Bytes in = from_host("2001:db8:99::1").udp().payload(30).bytes();
    for (const Way& way :
         {Way{"no-route", nullptr, wire::Icmp6Unreachable::no_route},
          Way{"blackhole", &Fib::Paths::blackhole, {}},
          Way{"prohibit", &Fib::Paths::prohibit, wire::Icmp6Unreachable::prohibited},
          Way{"unreachable", &Fib::Paths::unreachable, wire::Icmp6Unreachable::address}}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            SCOPED_TRACE(way.name);
            const auto net = make();
            const fib::AdjacencyIndex index =
                net->forwarding.at(way.path == nullptr ? 0 : net->paths.*way.path);
            const auto set = [&](graph::Packet& one) { one.meta().adjacency = index; };
            for (const auto& result : net->run("ip6-unreachable", in, burst, Net::lan, set)) {
                if (way.code) {
                    ASSERT_EQ(result.next, "ip6-lookup");
                    ASSERT_EQ(result.bytes, error_to_host()
                                                .icmp6_unreachable(*way.code)
                                                .payload(testing::without_ethernet(in))
                                                .bytes());
                } else {
                    ASSERT_EQ(result.drop, "blackhole");
                }
            }
            EXPECT_EQ(net->bench.drops("ip6-unreachable", way.name), burst);
            const auto own = [&](graph::Packet& one) {
                set(one);
                one.meta().flags |= graph::packet_flag::local_origin;
            };
            EXPECT_EQ(net->run("ip6-unreachable", in, 1, Net::lan, own).at(0).drop, way.name);
        }
    }
}

/// ip6-rewrite and icmp6-error: each packet ends at interface-output, as an error, or as a drop.
std::unique_ptr<Net> with_rewrite() {
    auto net = std::make_unique<Net>();
    net->add_rewrite();
    net->add_error();
    net->start();
    net->route("2001:db8:20::/44", via(Net::wan, "2001:db8:1::2"));
    return net;
}
constexpr const char* far = "2001:db8:20::1";

Net::Change by(Net& net, const char* destination, uint16_t flags = 0) {
    return [&net, destination, flags](graph::Packet& one) {
        const auto index = net.forwarding.at(net.table.lookup(wire::testing::ip6(destination)));
        one.meta().adjacency = index;
        one.meta().tx_interface = net.forwarding.adjacency(index).interface;
        one.meta().flags |= flags;
    };
}

TEST(Ip6Rewrite, LowersTheHopLimitAndLaysTheNextHeader) {
    for (const uint8_t hops : {uint8_t(2), uint8_t(64), uint8_t(255)}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = with_rewrite();
            const auto results =
                net->run("ip6-rewrite",
                         from_host(far).ttl(hops).dscp(46).flow_label(7).udp().payload(33).bytes(),
                         burst, Net::lan, by(*net, far));
            const Bytes expected = to_gateway(far)
                                       .ttl(uint8_t(hops - 1))
                                       .dscp(46)
                                       .flow_label(7)
                                       .udp()
                                       .payload(33)
                                       .bytes();
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.next, "interface-output");
                ASSERT_EQ(wire::testing::hex_dump(result.bytes), wire::testing::hex_dump(expected));
                ASSERT_EQ(result.meta.l2_offset, 0);
                ASSERT_EQ(result.meta.l3_offset, 14);
                ASSERT_EQ(result.meta.l4_offset, 54);
            }
        }
    }
}

TEST(Ip6Rewrite, LeavesTheHopLimitOfTheRoutersOwnPackets) {
    for (const uint8_t hops : {uint8_t(1), uint8_t(255)}) {
        const auto net = with_rewrite();
        const auto result = net->run("ip6-rewrite", from_host(far).ttl(hops).udp().bytes(), 1,
                                     Net::wan, by(*net, far, graph::packet_flag::local_origin));
        ASSERT_EQ(result.at(0).next, "interface-output");
        EXPECT_EQ(result.at(0).bytes, to_gateway(far).ttl(hops).udp().bytes());
    }
}

TEST(Ip6Rewrite, TellsTheSenderThatTheHopLimitRanOut) {
    for (const uint8_t hops : {uint8_t(0), uint8_t(1)}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = with_rewrite();
            const Bytes in = from_host(far).ttl(hops).udp().payload(12).bytes();
            for (const auto& result : net->run("ip6-rewrite", in, burst, Net::lan, by(*net, far))) {
                ASSERT_EQ(result.next, "ip6-lookup");
                ASSERT_EQ(result.bytes, error_to_host()
                                            .icmp6_time_exceeded()
                                            .payload(testing::without_ethernet(in))
                                            .bytes());
            }
            EXPECT_EQ(net->bench.drops("ip6-rewrite", "hop-limit-expired"), burst);
        }
    }
}

TEST(Ip6Rewrite, TellsTheSenderOfTheMtuAndCutsOnlyItsOwn) {
    struct Size {
        int payload;
        const char* next;
        uint8_t hops = 64;
        uint16_t flags = 0;
    };
    // 1400 bytes are 1352 of payload.
    for (const Size& size :
         {Size{1352, "interface-output"}, Size{1353, "ip6-lookup"},
          // The hop limit first: who traces a path with long packets is to learn of this router.
          Size{1353, "ip6-lookup", 1},
          Size{1353, "ip6-fragment", 64, graph::packet_flag::local_origin}}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            SCOPED_TRACE(size.payload);
            const auto net = with_rewrite();
            ASSERT_TRUE(net->interfaces.set_mtu("wan", 1400).ok());
            const Bytes in = from_host(far).ttl(size.hops).udp().payload(size.payload).bytes();
            Bytes quote = testing::without_ethernet(in);
            quote.resize(1280 - 48);
            for (const auto& result :
                 net->run("ip6-rewrite", in, burst, Net::lan, by(*net, far, size.flags))) {
                ASSERT_EQ(result.next, size.next);
                ASSERT_EQ(result.drop, "");
                if (result.next == "ip6-lookup") {
                    PacketMaker error = error_to_host();
                    size.hops == 1 ? error.icmp6_time_exceeded() : error.icmp6_packet_too_big(1400);
                    ASSERT_EQ(result.bytes, error.payload(quote).bytes());
                }
            }
            const bool too_big = size.payload > 1352 && size.hops > 1 && size.flags == 0;
            EXPECT_EQ(net->bench.drops("ip6-rewrite", "exceeds-mtu"), too_big ? burst : 0);
        }
    }
}

TEST(Ip6Rewrite, FindsRoomForTheHeaderOrDrops) {
    const Bytes in = testing::without_ethernet(from_host(far).udp().payload(5).bytes());
    const Bytes expected = to_gateway(far).ttl(63).udp().payload(5).bytes();
    for (const unsigned headroom : {0U, 13U, 14U, 15U, 16U, 31U, 32U, 128U}) {
        SCOPED_TRACE(headroom);
        const auto net = with_rewrite();
        const auto go = by(*net, far);
        const auto result = net->run("ip6-rewrite", in, 1, Net::lan, [&](graph::Packet& one) {
            go(one);
            std::memmove(static_cast<std::byte*>(one.mbuf()->buf_addr) + headroom, one.data(),
                         in.size());
            one.mbuf()->data_off = uint16_t(headroom);
            one.meta().l3_offset = 0;
        });
        if (headroom < 14) {
            EXPECT_EQ(result.at(0).drop, "no-headroom");
        } else {
            EXPECT_EQ(result.at(0).bytes, expected);
        }
    }
}

TEST(Ip6Rewrite, TakesHeadersOfAnyLengthOff) {
    const auto net = with_rewrite();
    // As behind a VLAN tag: the new header is shorter than what stood there.
    const Bytes in = packet()
                         .ethernet(Net::host_mac, Net::lan_mac)
                         .vlan(5)
                         .ip6("2001:db8::2", far)
                         .udp()
                         .bytes();
    const auto go = by(*net, far);
    const auto result = net->run("ip6-rewrite", in, 1, Net::lan, [&](graph::Packet& one) {
        go(one);
        one.meta().l3_offset = 18;
        one.meta().l4_offset = 58;
    });
    EXPECT_EQ(result.at(0).bytes, to_gateway(far).ttl(63).udp().bytes());
}

TEST(Ip6Rewrite, LaysLongHeaders) {
    const auto net = with_rewrite();
    for (const uint8_t length : {uint8_t(16), uint8_t(17), uint8_t(32)}) {
        fib::Adjacency adjacency;
        adjacency.mtu = 1500;
        adjacency.interface = Net::wan;
        adjacency.rewrite_length = length;
        for (size_t i = 0; i < adjacency.rewrite.size(); ++i) {
            adjacency.rewrite[i] = std::byte(i);
        }
        const fib::AdjacencyIndex index = net->forwarding.at(net->forwarding.make(adjacency));
        const auto result =
            net->run("ip6-rewrite", from_host(far).ttl(9).udp().bytes(), 1, Net::lan,
                     [&](graph::Packet& one) { one.meta().adjacency = index; });
        Bytes expected(adjacency.rewrite.end() - length, adjacency.rewrite.end());
        const Bytes rest = testing::without_ethernet(from_host(far).ttl(8).udp().bytes());
        expected.insert(expected.end(), rest.begin(), rest.end());
        EXPECT_EQ(wire::testing::hex_dump(result.at(0).bytes), wire::testing::hex_dump(expected));
    }
}

TEST(Ip6Rewrite, TruncatedIsADrop) {
    const auto make = [] { return with_rewrite(); };
    testing::check(make, "ip6-rewrite",
                   {{"half a header", from_host(far).truncate(50).bytes(), "drop", "truncated"}});
}

/// Another router on the host's own link is the way to 2001:db8:50::/44.
std::unique_ptr<Net> with_better_hop(bool redirects) {
    auto net = with_rewrite();
    *net->more.sends_redirects = redirects;
    net->neighbor(Net::lan, "fe80::7", "02:00:00:00:00:07");
    net->route("2001:db8:50::/44", via(Net::lan, "fe80::7"));
    return net;
}

TEST(Ip6Rewrite, GivesACopyForARedirectWhereThatIsSwitchedOn) {
    constexpr const char* destination = "2001:db8:50::1";
    const Bytes in = from_host(destination).udp().payload(9).bytes();
    for (const bool redirects : {false, true}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = with_better_hop(redirects);
            const auto results =
                net->run("ip6-rewrite", in, burst, Net::lan, by(*net, destination));
            unsigned forwarded = 0;
            unsigned copies = 0;
            for (const auto& result : results) {
                if (result.next == "interface-output") {
                    ++forwarded;
                    ASSERT_EQ(result.bytes, packet()
                                                .ethernet(Net::lan_mac, "02:00:00:00:00:07")
                                                .ip6("2001:db8::2", destination)
                                                .ttl(63)
                                                .udp()
                                                .payload(9)
                                                .bytes());
                } else {
                    ++copies;
                    ASSERT_EQ(result.next, "nd-redirect");
                    ASSERT_EQ(result.bytes, testing::without_ethernet(in));
                }
            }
            EXPECT_EQ(forwarded, burst);
            EXPECT_EQ(copies, redirects ? burst : 0);
        }
    }
}

TEST(Ip6Rewrite, RedirectsNobodyWhoCouldNotUseIt) {
    const auto net = with_rewrite();
    *net->more.sends_redirects = true;
    net->route("2001:db8:60::/48", via(Net::wan, "2001:db8:1::9"));
    struct Way {
        const char* what;
        const char* source;
        uint16_t flags;
        unsigned packets;
    };
    for (const Way& way :
         {Way{"a sender behind a router on the link", "2001:db8:60::1", 0, 1},
          Way{"a sender behind another link", "2001:db8::2", 0, 1},
          Way{"a host on the link, to another on it", "2001:db8:1::2", 0, 2},
          Way{"in a link multicast", "2001:db8:1::2", graph::packet_flag::l2_group, 1},
          Way{"the router itself", "2001:db8:1::2", graph::packet_flag::local_origin, 1}}) {
        SCOPED_TRACE(way.what);
        const Bytes in = packet()
                             .ethernet(Net::router_mac, Net::wan_mac)
                             .ip6(way.source, far)
                             .udp()
                             .payload(9)
                             .bytes();
        EXPECT_EQ(net->run("ip6-rewrite", in, 1, Net::wan, by(*net, far, way.flags)).size(),
                  way.packets);
    }
}

TEST(Ip6Forwarding, ErrorsFindTheirOwnWayOut) {
    auto net = std::make_unique<Net>();
    net->add_lookup();
    net->add_rewrite();
    net->add_unreachable();
    net->add_error();
    net->start();
    net->neighbor(Net::lan, "fe80::b1", Net::host_mac);
    net->route("2001:db8:20::/44", via(Net::wan, "2001:db8:1::2"));
    struct Way {
        const char* source;
        const char* destination;
        uint8_t hops;
        const char* own;
    };
    for (const Way& way : {Way{"2001:db8::2", far, 1, "2001:db8::1"},
                           Way{"2001:db8::2", "2001:db8:99::1", 64, "2001:db8::1"},
                           Way{"fe80::b1", "2001:db8:99::1", 64, testing::lan_link_local}}) {
        const Bytes in = packet()
                             .ethernet(Net::host_mac, Net::lan_mac)
                             .ip6(way.source, way.destination)
                             .ttl(way.hops)
                             .udp()
                             .payload(1)
                             .bytes();
        const auto results = net->run("ip6-lookup", in, 63);
        ASSERT_EQ(results.size(), 63u);
        PacketMaker error = packet().ethernet(Net::lan_mac, Net::host_mac).ip6(way.own, way.source);
        way.hops == 1 ? error.icmp6_time_exceeded()
                      : error.icmp6_unreachable(wire::Icmp6Unreachable::no_route);
        const Bytes expected = error.payload(testing::without_ethernet(in)).bytes();
        for (const auto& result : results) {
            ASSERT_EQ(result.next, "interface-output");
            ASSERT_EQ(result.meta.tx_interface, Net::lan);
            ASSERT_EQ(wire::testing::hex_dump(result.bytes), wire::testing::hex_dump(expected));
        }
    }
}

}  // namespace
}  // namespace vnet::ip6
