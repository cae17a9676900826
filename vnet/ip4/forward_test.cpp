// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/testing/net.hpp"
#include "vnet/ip4/unreachable.hpp"

/// ip4-lookup, ip4-rewrite and ip4-unreachable: the way of a packet that is forwarded.
namespace vnet::ip4 {
namespace {

using testing::Bytes;
using testing::Case;
using testing::Net;
using wire::testing::packet;
using wire::testing::PacketMaker;

PacketMaker from_host(wire::testing::IpArgument destination) {
    return packet().ethernet(Net::host_mac, Net::lan_mac).ip4("10.0.0.2", destination);
}
/// An error about `in` to the host on lan, as it leaves ip4-lookup, with no link header yet.
PacketMaker error_to_host() {
    return packet().ip4("10.0.0.1", "10.0.0.2").dscp(48);
}
Via via(interface::Index interface, const char* next_hop) {
    return {Via::Kind::next_hop, interface, wire::testing::ip(next_hop)};
}

std::unique_ptr<Net> with_lookup() {
    auto net = std::make_unique<Net>();
    net->add_lookup();
    net->add_unreachable();
    net->start();
    net->route("20.0.0.0/8", via(Net::wan, "10.1.0.2"));
    net->route("20.1.0.0/16", via(Net::wan, "10.1.0.77"));
    net->route("20.1.1.128/25", {Via::Kind::blackhole, 0, {}});
    net->route("20.1.2.0/24", {Via::Kind::prohibit, 0, {}});
    net->route("20.1.3.0/24", {Via::Kind::unreachable, 0, {}});
    return net;
}

TEST(Ip4Lookup, GoesWhereTheLongestPrefixLeads) {
    std::vector<Case> cases;
    struct Way {
        const char* destination;
        const char* next;
        const char* drop = "";
    };
    for (const Way& way :
         {Way{"10.0.0.1", "ip4-local"}, Way{"10.1.0.1", "ip4-local"},
          Way{"10.0.0.255", "ip4-local"}, Way{"10.0.0.2", "ip4-rewrite"},
          Way{"10.0.0.3", "ip4-resolve"}, Way{"20.9.9.9", "ip4-rewrite"},
          Way{"20.1.1.1", "ip4-resolve"}, Way{"20.1.1.129", "drop", "blackhole"}}) {
        cases.push_back({way.destination, from_host(way.destination).udp().payload(10).bytes(),
                         way.next, way.drop});
    }
    testing::check(with_lookup, "ip4-lookup", cases);
}

TEST(Ip4Lookup, NotesAdjacencyAndInterface) {
    const auto net = with_lookup();
    const auto result = net->run("ip4-lookup", from_host("20.9.9.9").udp().bytes()).at(0);
    EXPECT_EQ(result.meta.tx_interface, Net::wan);
    const fib::Adjacency& adjacency = net->forwarding.adjacency(result.meta.adjacency);
    EXPECT_EQ(adjacency.action, fib::Action::forward);
    EXPECT_EQ(adjacency.ip4_next_hop(), wire::testing::ip("10.1.0.2"));
    EXPECT_EQ(adjacency.mtu, 1500u);
}

TEST(Ip4Lookup, MixedDestinationsInOneVector) {
    const auto net = with_lookup();
    std::vector<graph::Packet*> packets;
    for (unsigned i = 0; i < 256; ++i) {
        const char* destination = i % 3 == 0 ? "10.0.0.1" : i % 3 == 1 ? "10.0.0.3" : "20.1.1.129";
        graph::Packet* one = net->bench.packet(from_host(destination).udp().bytes());
        one->meta().l3_offset = 14;
        packets.push_back(one);
    }
    std::map<std::string, unsigned> counts;
    for (const auto& result : net->bench.run("ip4-lookup", packets)) {
        ++counts[result.next];
    }
    EXPECT_EQ(counts, (std::map<std::string, unsigned>{
                          {"drop", 85}, {"ip4-local", 86}, {"ip4-resolve", 85}}));
}

TEST(Ip4Lookup, ATruncatedHeaderLeadsNowhere) {
    const auto net = with_lookup();
    const auto result = net->run("ip4-lookup", from_host("10.0.0.2").truncate(30).bytes()).at(0);
    EXPECT_EQ(result.drop, "");
    EXPECT_EQ(result.next, "icmp4-error");
}

TEST(Ip4Unreachable, TellsTheSenderByAction) {
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
        std::optional<wire::Icmp4Unreachable> code;
    };
    const Bytes in = from_host("20.0.0.1").udp().payload(30).bytes();
    for (const Way& way :
         {Way{"no-route", nullptr, wire::Icmp4Unreachable::network},
          Way{"blackhole", &Fib::Paths::blackhole, {}},
          Way{"prohibit", &Fib::Paths::prohibit, wire::Icmp4Unreachable::prohibited},
          Way{"unreachable", &Fib::Paths::unreachable, wire::Icmp4Unreachable::host}}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            SCOPED_TRACE(way.name);
            const auto net = make();
            const fib::AdjacencyIndex index =
                net->forwarding.at(way.path == nullptr ? 0 : net->paths.*way.path);
            const auto set = [&](graph::Packet& one) { one.meta().adjacency = index; };
            for (const auto& result : net->run("ip4-unreachable", in, burst, Net::lan, set)) {
                if (way.code) {
                    ASSERT_EQ(result.next, "ip4-lookup");
                    ASSERT_EQ(result.bytes, error_to_host()
                                                .icmp_unreachable(*way.code)
                                                .payload(testing::without_ethernet(in))
                                                .bytes());
                } else {
                    ASSERT_EQ(result.drop, "blackhole");
                }
            }
            EXPECT_EQ(net->bench.drops("ip4-unreachable", way.name), burst);
            const auto own = [&](graph::Packet& one) {
                set(one);
                one.meta().flags |= graph::packet_flag::local_origin;
            };
            EXPECT_EQ(net->run("ip4-unreachable", in, 1, Net::lan, own).at(0).drop, way.name);
        }
    }
}

/// ip4-lookup, ip4-rewrite and icmp4-error together: each packet ends at interface-output or as a
/// drop.
std::unique_ptr<Net> with_rewrite() {
    auto net = std::make_unique<Net>();
    net->add_rewrite();
    net->add_error();
    net->start();
    net->route("20.0.0.0/8", via(Net::wan, "10.1.0.2"));
    return net;
}
Net::Change by(Net& net, const char* destination, uint16_t flags = 0) {
    return [&net, destination, flags](graph::Packet& one) {
        const auto index =
            net.forwarding.at(net.table.lookup(wire::testing::ip(destination).value()));
        one.meta().adjacency = index;
        one.meta().tx_interface = net.forwarding.adjacency(index).interface;
        one.meta().flags |= flags;
    };
}

TEST(Ip4Rewrite, LowersTheTtlAndLaysTheNextHeader) {
    for (const uint8_t ttl : {uint8_t(2), uint8_t(64), uint8_t(255)}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = with_rewrite();
            const auto results =
                net->run("ip4-rewrite", from_host("20.0.0.1").ttl(ttl).udp().payload(33).bytes(),
                         burst, Net::lan, by(*net, "20.0.0.1"));
            const Bytes expected = packet()
                                       .ethernet(Net::wan_mac, Net::router_mac)
                                       .ip4("10.0.0.2", "20.0.0.1")
                                       .ttl(uint8_t(ttl - 1))
                                       .udp()
                                       .payload(33)
                                       .bytes();
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.next, "interface-output");
                ASSERT_EQ(wire::testing::hex_dump(result.bytes), wire::testing::hex_dump(expected));
                ASSERT_EQ(result.meta.l2_offset, 0);
                ASSERT_EQ(result.meta.l3_offset, 14);
                ASSERT_EQ(result.meta.l4_offset, 34);
            }
        }
    }
}

TEST(Ip4Rewrite, LeavesTheTtlOfTheRoutersOwnPackets) {
    const auto net = with_rewrite();
    const auto result = net->run("ip4-rewrite", from_host("20.0.0.1").ttl(1).udp().bytes(), 1,
                                 Net::wan, by(*net, "20.0.0.1", graph::packet_flag::local_origin));
    ASSERT_EQ(result.at(0).next, "interface-output");
    EXPECT_EQ(result.at(0).bytes, packet()
                                      .ethernet(Net::wan_mac, Net::router_mac)
                                      .ip4("10.0.0.2", "20.0.0.1")
                                      .ttl(1)
                                      .udp()
                                      .bytes());
}

TEST(Ip4Rewrite, TellsTheSenderThatTheTtlRanOut) {
    for (const uint8_t ttl : {uint8_t(0), uint8_t(1)}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            const auto net = with_rewrite();
            const Bytes in = from_host("20.0.0.1").ttl(ttl).udp().payload(12).bytes();
            for (const auto& result :
                 net->run("ip4-rewrite", in, burst, Net::lan, by(*net, "20.0.0.1"))) {
                ASSERT_EQ(result.next, "ip4-lookup");
                ASSERT_EQ(result.bytes, error_to_host()
                                            .icmp_time_exceeded()
                                            .payload(testing::without_ethernet(in))
                                            .bytes());
            }
            EXPECT_EQ(net->bench.drops("ip4-rewrite", "ttl-expired"), burst);
        }
    }
}

TEST(Ip4Rewrite, ObeysTheMtu) {
    struct Size {
        int payload;
        bool dont_fragment;
        const char* next;
        const char* drop;
        uint8_t ttl = 64;
    };
    for (const Size& size :
         {Size{972, true, "interface-output", ""}, Size{972, false, "interface-output", ""},
          Size{973, false, "ip4-fragment", ""}, Size{973, true, "ip4-lookup", ""},
          // The TTL first: who traces a path with long packets is to learn of this router.
          Size{973, true, "ip4-lookup", "", 1}}) {
        for (const unsigned burst : graph::testing::Bench::bursts) {
            SCOPED_TRACE(size.payload);
            const auto net = with_rewrite();
            ASSERT_TRUE(net->interfaces.set_mtu("wan", 1000).ok());
            PacketMaker maker = from_host("20.0.0.1").ttl(size.ttl);
            if (size.dont_fragment) {
                maker.dont_fragment();
            }
            const Bytes in = maker.udp().payload(size.payload).bytes();
            Bytes quote = testing::without_ethernet(in);
            quote.resize(std::min<size_t>(quote.size(), 548));
            for (const auto& result :
                 net->run("ip4-rewrite", in, burst, Net::lan, by(*net, "20.0.0.1"))) {
                ASSERT_EQ(result.next, size.next);
                ASSERT_EQ(result.drop, size.drop);
                if (result.next == "ip4-lookup") {
                    PacketMaker error = error_to_host();
                    size.ttl == 1 ? error.icmp_time_exceeded()
                                  : error.icmp_unreachable(
                                        wire::Icmp4Unreachable::fragmentation_needed, 1000);
                    ASSERT_EQ(result.bytes, error.payload(quote).bytes());
                }
            }
            const bool too_big = size.payload > 972 && size.dont_fragment && size.ttl > 1;
            EXPECT_EQ(net->bench.drops("ip4-rewrite", "exceeds-mtu"), too_big ? burst : 0);
        }
    }
}

TEST(Ip4Rewrite, FindsRoomForTheHeaderOrDrops) {
    const Bytes in = testing::without_ethernet(from_host("20.0.0.1").udp().payload(5).bytes());
    const Bytes expected = packet()
                               .ethernet(Net::wan_mac, Net::router_mac)
                               .ip4("10.0.0.2", "20.0.0.1")
                               .ttl(63)
                               .udp()
                               .payload(5)
                               .bytes();
    for (const unsigned headroom : {0U, 13U, 14U, 15U, 16U, 31U, 32U, 128U}) {
        SCOPED_TRACE(headroom);
        const auto net = with_rewrite();
        const auto go = by(*net, "20.0.0.1");
        const auto result = net->run("ip4-rewrite", in, 1, Net::lan, [&](graph::Packet& one) {
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

TEST(Ip4Rewrite, TakesHeadersOfAnyLengthOff) {
    const auto net = with_rewrite();
    // As behind a VLAN tag: layer 3 begins at 18, and the new header is shorter than what stood
    // there.
    const Bytes in = packet()
                         .ethernet(Net::host_mac, Net::lan_mac)
                         .vlan(5)
                         .ip4("10.0.0.2", "20.0.0.1")
                         .udp()
                         .bytes();
    const auto go = by(*net, "20.0.0.1");
    const auto result = net->run("ip4-rewrite", in, 1, Net::lan, [&](graph::Packet& one) {
        go(one);
        one.meta().l3_offset = 18;
        one.meta().l4_offset = 38;
    });
    EXPECT_EQ(result.at(0).bytes, packet()
                                      .ethernet(Net::wan_mac, Net::router_mac)
                                      .ip4("10.0.0.2", "20.0.0.1")
                                      .ttl(63)
                                      .udp()
                                      .bytes());
}

TEST(Ip4Rewrite, LaysLongHeaders) {
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
            net->run("ip4-rewrite", from_host("20.0.0.1").ttl(9).udp().bytes(), 1, Net::lan,
                     [&](graph::Packet& one) { one.meta().adjacency = index; });
        Bytes expected(adjacency.rewrite.end() - length, adjacency.rewrite.end());
        const Bytes rest = testing::without_ethernet(from_host("20.0.0.1").ttl(8).udp().bytes());
        expected.insert(expected.end(), rest.begin(), rest.end());
        EXPECT_EQ(wire::testing::hex_dump(result.at(0).bytes), wire::testing::hex_dump(expected));
    }
}

TEST(Ip4Rewrite, RedirectsASenderToTheBetterHop) {
    for (const unsigned burst : graph::testing::Bench::bursts) {
        auto net = with_rewrite();
        // 30.0.0.0/8 is behind another router on the sender's own link.
        net->next_hops->acquire(Net::lan, wire::testing::ip("10.0.0.7"));
        net->next_hops->resolved(Net::lan, wire::testing::ip("10.0.0.7"),
                                 wire::testing::mac("02:00:00:00:00:07"));
        net->route("30.0.0.0/8", via(Net::lan, "10.0.0.7"));
        const Bytes in = from_host("30.0.0.1").udp().payload(9).bytes();
        const auto results = net->run("ip4-rewrite", in, burst, Net::lan, by(*net, "30.0.0.1"));
        unsigned forwarded = 0;
        unsigned told = 0;
        for (const auto& result : results) {
            if (result.next == "interface-output") {
                ++forwarded;
                ASSERT_EQ(result.bytes, packet()
                                            .ethernet(Net::lan_mac, "02:00:00:00:00:07")
                                            .ip4("10.0.0.2", "30.0.0.1")
                                            .ttl(63)
                                            .udp()
                                            .payload(9)
                                            .bytes());
            } else {
                ++told;
                ASSERT_EQ(result.next, "ip4-lookup");
                ASSERT_EQ(result.bytes, error_to_host()
                                            .icmp_redirect("10.0.0.7")
                                            .payload(testing::without_ethernet(in))
                                            .bytes());
            }
        }
        EXPECT_EQ(forwarded, burst);
        EXPECT_EQ(told, burst);
    }
}

TEST(Ip4Rewrite, RedirectsNobodyWhoCouldNotUseIt) {
    const auto net = with_rewrite();
    net->route("40.0.0.0/8", via(Net::wan, "10.1.0.9"));
    struct Way {
        const char* what;
        const char* source;
        uint16_t flags;
        unsigned packets;
    };
    for (const Way& way :
         {Way{"a sender behind a router on the link", "40.0.0.1", 0, 1},
          Way{"a sender behind another link", "10.0.0.2", 0, 1},
          Way{"a host on the link, to another on it", "10.1.0.2", 0, 2},
          Way{"in a link broadcast", "10.1.0.2", graph::packet_flag::l2_group, 1},
          Way{"the router itself", "10.1.0.2", graph::packet_flag::local_origin, 1}}) {
        SCOPED_TRACE(way.what);
        const Bytes in = packet()
                             .ethernet(Net::router_mac, Net::wan_mac)
                             .ip4(way.source, "20.0.0.1")
                             .udp()
                             .payload(9)
                             .bytes();
        EXPECT_EQ(net->run("ip4-rewrite", in, 1, Net::wan, by(*net, "20.0.0.1", way.flags)).size(),
                  way.packets);
    }
}

TEST(Ip4Rewrite, TruncatedIsADrop) {
    const auto net = with_rewrite();
    EXPECT_EQ(net->run("ip4-rewrite", from_host("20.0.0.1").truncate(30).bytes(), 1, Net::lan,
                       by(*net, "20.0.0.1"))
                  .at(0)
                  .drop,
              "truncated");
}

TEST(Ip4Forwarding, ErrorsFindTheirOwnWayOut) {
    auto net = std::make_unique<Net>();
    net->add_lookup();
    net->add_rewrite();
    net->add_unreachable();
    net->add_error();
    net->start();
    net->route("8.0.0.0/8", via(Net::wan, "10.1.0.2"));
    struct Way {
        const char* destination;
        uint8_t ttl;
        bool expired;
    };
    for (const Way& way : {Way{"8.8.8.8", 1, true}, Way{"9.9.9.9", 64, false}}) {
        const Bytes in = from_host(way.destination).ttl(way.ttl).udp().payload(1).bytes();
        const auto results = net->run("ip4-lookup", in, 63);
        ASSERT_EQ(results.size(), 63u);
        PacketMaker error =
            packet().ethernet(Net::lan_mac, Net::host_mac).ip4("10.0.0.1", "10.0.0.2").dscp(48);
        way.expired ? error.icmp_time_exceeded()
                    : error.icmp_unreachable(wire::Icmp4Unreachable::network);
        const Bytes expected = error.payload(testing::without_ethernet(in)).bytes();
        for (const auto& result : results) {
            ASSERT_EQ(result.next, "interface-output");
            ASSERT_EQ(result.meta.tx_interface, Net::lan);
            ASSERT_EQ(result.bytes, expected);
        }
    }
}

}  // namespace
}  // namespace vnet::ip4
