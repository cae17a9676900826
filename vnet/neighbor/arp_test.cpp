// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/arp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "vnet/neighbor/testing/link.hpp"

namespace vnet::neighbor {
namespace {

using namespace std::chrono_literals;
using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Link;
using testing::Sent;
using wire::testing::ip;
using wire::testing::mac;
using wire::testing::packet;

constexpr const char* host = "02:00:00:00:00:b9";
constexpr const char* other = "02:00:00:00:00:ba";
constexpr const char* router = "02:00:00:00:00:b2";
constexpr const char* everybody = "ff:ff:ff:ff:ff:ff";

/// Number `n` of a flow from a host behind wan.
Bytes in(const char* destination, uint16_t n = 0) {
    return packet()
        .ethernet(router, Link::wan_mac)
        .ip4("10.1.0.2", destination)
        .identification(n)
        .udp()
        .bytes();
}
/// The same, sent on by lan.
Sent out(const char* destination, const char* to, uint16_t n = 0) {
    return {Link::lan, packet()
                           .ethernet(Link::lan_mac, to)
                           .ip4("10.1.0.2", destination)
                           .identification(n)
                           .ttl(63)
                           .udp()
                           .bytes()};
}
Sent request(const char* for_whom, const char* to = everybody) {
    return {Link::lan, packet()
                           .ethernet(Link::lan_mac, to)
                           .arp_request(Link::lan_mac, "10.0.0.1", for_whom)
                           .bytes()};
}
Sent announcement(const char* address = "10.0.0.1", const char* from = Link::lan_mac) {
    return {Link::lan,
            packet().ethernet(from, everybody).arp_request(from, address, address).bytes()};
}
Bytes reply(const char* from, const char* sender) {
    return packet()
        .ethernet(from, Link::lan_mac)
        .arp_reply(from, sender, Link::lan_mac, "10.0.0.1")
        .bytes();
}
Bytes asks(const char* from, const char* sender, const char* target) {
    return packet().ethernet(from, everybody).arp_request(from, sender, target).bytes();
}
/// What the host behind wan is told of its packet.
Sent unreachable(const Bytes& about) {
    return {Link::wan, packet()
                           .ethernet(Link::wan_mac, router)
                           .ip4("10.1.0.1", "10.1.0.2")
                           .dscp(48)
                           .icmp_unreachable(wire::Icmp4Unreachable::host)
                           .payload(Bytes(about.begin() + 14, about.end()))
                           .bytes()};
}
void know_router(Link& link) {
    ASSERT_TRUE(link.table->add_fixed("wan", ip("10.1.0.2"), mac(router)).ok());
}
/// The host on lan asks, is asked back, and answers.
void know_host(Link& link) {
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    ASSERT_EQ(link.sent().size(), 1u);
    link.pass(0ms);
    ASSERT_THAT(link.sent(), ElementsAre(request("10.0.0.9", host)));
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    link.settle();
}

TEST(Arp, AsksHoldsAndSendsOnInOrder) {
    Link link;
    for (uint16_t n = 0; n < 5; ++n) {
        link.receive(Link::wan, in("10.0.0.9", n));
    }
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    EXPECT_THAT(link.neighbors(), ElementsAre("10.0.0.9 incomplete"));
    EXPECT_EQ(link.table->list().at(0).held, 5u);
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host, 0), out("10.0.0.9", host, 1),
                                         out("10.0.0.9", host, 2), out("10.0.0.9", host, 3),
                                         out("10.0.0.9", host, 4)));
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 reachable ") + host));
    link.receive(Link::wan, in("10.0.0.9", 9));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host, 9)));
}

/// What a packet was found to belong to, its session for one, is its worker's.
TEST(Arp, APacketGoesOnByTheWorkerThatItCameFrom) {
    Link link({}, 2);
    know_router(link);
    for (const unsigned worker : {1U, 0U, 1U}) {
        link.receive(Link::wan, in("10.0.0.9", uint16_t(worker)), 0, worker);
        link.receive(Link::wan, in("10.0.0.10"), 0, worker);
        link.settle();
    }
    (void)link.sent();
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    const auto sent = link.sent();
    ASSERT_EQ(sent.size(), 3U);
    for (size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(sent[i], out("10.0.0.9", host, uint16_t(link.senders()[i])));
    }
    EXPECT_THAT(link.senders(), ::testing::UnorderedElementsAre(0U, 1U, 1U));
    // Nobody answers: so do those that their sender is told of.
    for (unsigned second = 0; second < 3; ++second) {
        link.pass(1s);
        (void)link.sent();
    }
    EXPECT_THAT(link.senders(), ::testing::UnorderedElementsAre(0U, 1U, 1U));
}

TEST(Arp, SeeksWhoIsWantedWithoutAPacket) {
    Link link;
    link.table->seek(Link::lan, ip("10.0.0.9"));
    link.table->seek(Link::lan, ip("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    EXPECT_EQ(link.table->held(), 0u);
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 reachable ") + host));
    // Who is known is not asked, nor who cannot be there.
    link.table->seek(Link::lan, ip("10.0.0.9"));
    link.table->seek(Link::lan, ip("10.77.0.9"));
    link.table->seek(77, ip("10.0.0.8"));
    ASSERT_TRUE(link.interfaces.set_up("wan", false).ok());
    link.table->seek(Link::wan, ip("10.1.0.8"));
    EXPECT_THAT(link.sent(), IsEmpty());
    // Who does not answer may be sought again.
    link.table->seek(Link::lan, ip("10.0.0.8"));
    for (unsigned i = 0; i < 40; ++i) {
        link.pass(100ms);
    }
    EXPECT_THAT(link.sent(),
                ElementsAre(request("10.0.0.8"), request("10.0.0.8"), request("10.0.0.8")));
    link.table->seek(Link::lan, ip("10.0.0.8"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.8")));
}

TEST(Arp, AsksForTheNextHopOfARoute) {
    Link link;
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.9")})
                    .ok());
    link.receive(Link::wan, in("50.0.0.1"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("50.0.0.1", host)));
}

TEST(Arp, AsksForTheNextHopThatThePacketWasSentTo) {
    Link link;
    const auto via = [](const char* next_hop) {
        return ip4::Via{ip4::Via::Kind::next_hop, Link::lan, ip(next_hop)};
    };
    const auto prefix = wire::testing::prefix("50.0.0.0/8");
    ASSERT_TRUE(link.fib->add(prefix, ip4::RouteSource::configured, via("10.0.0.9")).ok());
    const uint64_t before = link.engine->totals(link.engine->graph().find("ip4-resolve")).packets;
    link.receive(Link::wan, in("50.0.0.1"));
    const auto deadline = Clock::now() + 10s;
    while (link.engine->totals(link.engine->graph().find("ip4-resolve")).packets == before &&
           Clock::now() < deadline) {
        std::this_thread::yield();
    }
    // The adjacency is used again for others before control looks at the packet.
    ASSERT_TRUE(link.fib->remove(prefix, ip4::RouteSource::configured).ok());
    link.engine->rcu().flush();
    for (const char* next_hop : {"10.0.0.20", "10.0.0.21", "10.0.0.22"}) {
        ASSERT_TRUE(link.fib->add(prefix, ip4::RouteSource::configured, via(next_hop)).ok());
        link.engine->rcu().flush();
    }
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
}

TEST(Arp, HoldsNoMoreThanItMay) {
    Settings settings;
    settings.held_each = 2;
    settings.held_in_all = 3;
    Link link(settings);
    for (uint16_t n = 0; n < 4; ++n) {
        link.receive(Link::wan, in("10.0.0.9", n));
    }
    link.receive(Link::wan, in("10.0.0.10", 4));
    link.receive(Link::wan, in("10.0.0.10", 5));
    link.receive(Link::wan, in("10.0.0.11", 6));
    EXPECT_EQ(link.sent().size(), 3u);
    // Two of the first itself, then what has waited longest.
    EXPECT_EQ(link.drops("neighbor-control", "hold-full"), 4u);
    EXPECT_EQ(link.table->held(), 3u);
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    link.receive(Link::lan, reply(other, "10.0.0.10"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.10", other, 4), out("10.0.0.10", other, 5)));
    link.receive(Link::lan, reply(other, "10.0.0.11"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.11", other, 6)));
    EXPECT_EQ(link.table->held(), 0u);

    settings.held_each = 0;
    Link none(settings);
    none.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(none.sent(), ElementsAre(request("10.0.0.9")));
    EXPECT_EQ(none.drops("neighbor-control", "hold-full"), 1u);
}

TEST(Arp, GivesUpAndTellsTheSender) {
    Link link;
    know_router(link);
    link.receive(Link::wan, in("10.0.0.9", 1));
    link.receive(Link::wan, in("10.0.0.9", 2));
    // One that the router made itself: nobody is told.
    link.receive(Link::wan, in("10.0.0.9", 3), graph::packet_flag::local_origin);
    for (unsigned round = 0; round < 3; ++round) {
        EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9"))) << round;
        link.pass(999ms);
        EXPECT_THAT(link.sent(), IsEmpty());
        link.pass(1ms);
    }
    EXPECT_THAT(link.sent(),
                ElementsAre(unreachable(in("10.0.0.9", 1)), unreachable(in("10.0.0.9", 2))));
    EXPECT_EQ(link.drops("neighbor-control", "unreachable"), 3u);
    EXPECT_EQ(link.neighbors().size(), 1u);
    // The next packet begins anew.
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
}

TEST(Arp, NobodyIsAskedForWhoIsNotOnTheLink) {
    Link link;
    know_router(link);
    const auto lead = [&](const char* next_hop) {
        ASSERT_TRUE(link.fib
                        ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                              {ip4::Via::Kind::next_hop, Link::lan, ip(next_hop)})
                        .ok());
        link.receive(Link::wan, in("50.0.0.1"));
        EXPECT_THAT(link.sent(), ElementsAre(unreachable(in("50.0.0.1")))) << next_hop;
    };
    lead("10.0.0.0");
    EXPECT_EQ(link.neighbors().size(), 1u);
    // Nor is anybody without an address to ask from.
    ASSERT_TRUE(link.addresses->remove("lan", wire::testing::prefix("10.0.0.1/24")).ok());
    lead("20.0.0.1");
    EXPECT_EQ(link.neighbors().size(), 1u);
}

/// What lan has by a lease of one address (RFC 3442): a connected route to the gateway, and the
/// default route.
void lease_one_address(Link& link, bool gateway_is_connected) {
    ASSERT_TRUE(link.addresses->remove("lan", wire::testing::prefix("10.0.0.1/24")).ok());
    ASSERT_TRUE(link.addresses->add("lan", wire::testing::prefix("10.128.0.2/32")).ok());
    if (gateway_is_connected) {
        ASSERT_TRUE(link.fib
                        ->add(wire::testing::prefix("10.128.0.1/32"), ip4::RouteSource::dhcp,
                              {ip4::Via::Kind::connected, Link::lan, {}})
                        .ok());
    }
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("0.0.0.0/0"), ip4::RouteSource::dhcp,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.128.0.1")})
                    .ok());
    link.sent();
}
Sent asks_gateway(const char* to = everybody) {
    return {Link::lan, packet()
                           .ethernet(Link::lan_mac, to)
                           .arp_request(Link::lan_mac, "10.128.0.2", "10.128.0.1")
                           .bytes()};
}
Bytes gateway_answers() {
    return packet()
        .ethernet(host, Link::lan_mac)
        .arp_reply(host, "10.128.0.1", Link::lan_mac, "10.128.0.2")
        .bytes();
}

TEST(Arp, AGatewayOutsideOfTheInterfacesNetworkIsANeighbour) {
    for (const bool is_connected : {true, false}) {
        Link link;
        lease_one_address(link, is_connected);
        link.receive(Link::wan, in("8.8.8.8", 1));
        EXPECT_THAT(link.sent(), ElementsAre(asks_gateway())) << is_connected;
        link.receive(Link::lan, gateway_answers());
        EXPECT_THAT(link.sent(), ElementsAre(out("8.8.8.8", host, 1))) << is_connected;
        link.receive(Link::wan, in("10.128.0.1", 2));
        EXPECT_THAT(link.sent(), ElementsAre(out("10.128.0.1", host, 2))) << is_connected;
        // It is asked again as others are, and may ask.
        link.pass(30s);
        EXPECT_THAT(link.sent(), ElementsAre(asks_gateway(host)));
        link.receive(Link::lan, gateway_answers());
        link.receive(Link::lan, asks(host, "10.128.0.1", "10.128.0.2"));
        EXPECT_EQ(link.sent().size(), 1u);
        // Who else is there is not on the link.
        link.receive(Link::lan, asks(other, "10.128.0.3", "10.128.0.2"));
        EXPECT_THAT(link.sent(), IsEmpty());
        EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.128.0.1 reachable ") + host));
        // It goes with its routes, at the next probe.
        for (const char* prefix : {"0.0.0.0/0", "10.128.0.1/32"}) {
            (void)link.fib->remove(wire::testing::prefix(prefix), ip4::RouteSource::dhcp);
        }
        link.pass(30s);
        EXPECT_THAT(link.sent(), IsEmpty());
        EXPECT_THAT(link.neighbors(), IsEmpty());
    }
}

TEST(Arp, AGatewayThatAsksFirstIsLearned) {
    Link link;
    lease_one_address(link, true);
    link.receive(Link::lan, asks(host, "10.128.0.1", "10.128.0.2"));
    EXPECT_EQ(link.sent().size(), 1u);
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.128.0.1 probing ") + host));
}

TEST(Arp, TheOperatorsGatewayOutsideOfTheNetworkGoesWithItsRoute) {
    Link link;
    EXPECT_FALSE(link.table->add_fixed("lan", ip("10.128.0.1"), mac(host)).ok());
    lease_one_address(link, false);
    ASSERT_TRUE(link.table->add_fixed("lan", ip("10.128.0.1"), mac(host)).ok());
    link.receive(Link::wan, in("8.8.8.8", 1));
    EXPECT_THAT(link.sent(), ElementsAre(out("8.8.8.8", host, 1)));
    link.pass(1s);
    EXPECT_EQ(link.neighbors().size(), 1u);
    ASSERT_TRUE(link.fib->remove(wire::testing::prefix("0.0.0.0/0"), ip4::RouteSource::dhcp).ok());
    // No part of the configuration any more, and forgotten soon.
    EXPECT_THAT(link.neighbors(), IsEmpty());
    EXPECT_FALSE(link.fib->find(wire::testing::prefix("0.0.0.0/0"), ip4::RouteSource::dhcp));
    link.pass(100ms);
    EXPECT_FALSE(
        link.fib->find(wire::testing::prefix("10.128.0.1/32"), ip4::RouteSource::neighbor));
}

TEST(Arp, TheNextHopOfARouteTakesNoAddressFromAnotherLink) {
    Link link;
    know_router(link);
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.1.0.77")})
                    .ok());
    link.receive(Link::wan, in("50.0.0.1"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.1.0.77")));
    link.receive(Link::lan, reply(host, "10.1.0.77"));
    EXPECT_THAT(link.sent(), ElementsAre(out("50.0.0.1", host)));
    // The one of that address on wan is another.
    EXPECT_FALSE(link.fib->find(wire::testing::prefix("10.1.0.77/32"), ip4::RouteSource::neighbor));
}

TEST(Arp, AHostThatARouteConnectsLaterIsReached) {
    Link link;
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("30.0.0.9")})
                    .ok());
    link.receive(Link::wan, in("50.0.0.1"));
    EXPECT_THAT(link.sent(), ElementsAre(request("30.0.0.9")));
    link.receive(Link::lan, reply(host, "30.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("50.0.0.1", host)));
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("30.0.0.0/24"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::connected, Link::lan, {}})
                    .ok());
    link.receive(Link::wan, in("30.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("30.0.0.9", host)));
    link.receive(Link::wan, in("30.0.0.10"));
    EXPECT_THAT(link.sent(), ElementsAre(request("30.0.0.10")));
}

TEST(Arp, ProbesWhomItKnewAloneFirst) {
    Link link;
    know_host(link);
    link.pass(29'999ms);
    EXPECT_THAT(link.sent(), IsEmpty());
    link.pass(1ms);
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9", host)));
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 probing ") + host));
    // It is used meanwhile.
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host)));
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 reachable ") + host));

    link.pass(30s);
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9", host)));
    link.pass(1s);
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9", host)));
    link.pass(1s);
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    link.pass(1s);
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), IsEmpty());
    EXPECT_FALSE(link.fib->find(wire::testing::prefix("10.0.0.9/32"), ip4::RouteSource::neighbor));
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
}

TEST(Arp, FollowsANewMac) {
    Link link;
    know_host(link);
    link.receive(Link::lan, asks(other, "10.0.0.9", "10.0.0.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    // It is used at once, and asked whether it is there.
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 probing ") + other));
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", other)));
    link.pass(0ms);
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9", other)));
    link.receive(Link::lan, reply(other, "10.0.0.9"));
    link.settle();
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 reachable ") + other));
}

TEST(Arp, OnlyAnAnswerConfirms) {
    Link link;
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    // A reply to what was not asked yet, an announcement, and a question say no more.
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.9"));
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    link.settle();
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 probing ") + host));
    // Who invented himself is forgotten when he does not answer.
    for (unsigned i = 0; i < 4; ++i) {
        link.pass(1s);
    }
    EXPECT_THAT(link.neighbors(), IsEmpty());
    link.sent();
    know_host(link);
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 reachable ") + host));
}

TEST(Arp, WhoInventsHostsCrowdsOutNoneThatAnswersNorAnotherLink) {
    Settings settings;
    settings.most_unproven = 4;
    Link link(settings);
    know_host(link);
    link.receive(
        Link::wan,
        packet().ethernet(router, everybody).arp_request(router, "10.1.0.2", "10.1.0.1").bytes());
    for (unsigned i = 0; i < 20; ++i) {
        const std::string sender = "10.0.0." + std::to_string(100 + i);
        link.receive(Link::lan, asks("02:00:00:00:00:ee", sender.c_str(), "10.0.0.1"));
    }
    link.settle();
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 reachable ") + host,
                                              "10.0.0.117 probing 02:00:00:00:00:ee",
                                              "10.0.0.118 probing 02:00:00:00:00:ee",
                                              "10.0.0.119 probing 02:00:00:00:00:ee",
                                              std::string("10.1.0.2 probing ") + router));
}

TEST(Arp, LearnsOnlyFromWhomItIsAsked) {
    Link link;
    // Announcements, replies unasked, questions to others: nothing new is learned (RFC 826).
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.9"));
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.77"));
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.1.0.1"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), IsEmpty());
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    EXPECT_THAT(
        link.sent(),
        ElementsAre(Sent{Link::lan, packet()
                                        .ethernet(Link::lan_mac, host)
                                        .arp_reply(Link::lan_mac, "10.0.0.1", host, "10.0.0.9")
                                        .bytes()}));
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 probing ") + host));
}

TEST(Arp, AFloodOfStrangersTakesNothingFromWhoIsKnown) {
    Link link;
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    EXPECT_EQ(link.sent().size(), 1u);
    link.limits.set_rate(punt::Class::neighbor, 1);
    const auto flood = [&](const char* sender) {
        const uint64_t before = link.drops("arp-input", "rate-limited");
        for (unsigned i = 0; i < 100; ++i) {
            link.receive(Link::lan, asks("02:00:00:00:00:ee", sender, "10.0.0.1"));
        }
        link.sent();
        return link.drops("arp-input", "rate-limited") > before;
    };
    EXPECT_TRUE(flood("10.0.0.77"));
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    EXPECT_EQ(link.sent().size(), 1u);
    // Who only says that he is the known one is a stranger by his MAC address.
    EXPECT_TRUE(flood("10.0.0.9"));
}

TEST(Arp, AnswersAProbeAndLearnsNothing) {
    Link link;
    link.receive(Link::lan, asks(host, "0.0.0.0", "10.0.0.1"));
    EXPECT_THAT(
        link.sent(),
        ElementsAre(Sent{Link::lan, packet()
                                        .ethernet(Link::lan_mac, host)
                                        .arp_reply(Link::lan_mac, "10.0.0.1", host, "0.0.0.0")
                                        .bytes()}));
    link.receive(Link::lan, asks(host, "0.0.0.0", "10.0.0.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), IsEmpty());
}

TEST(Arp, IgnoresWhoIsNotOnTheLink) {
    Link link;
    for (const char* sender : {"10.1.0.9", "20.0.0.1", "10.0.0.0", "10.0.0.255"}) {
        link.receive(Link::lan, asks(host, sender, "10.0.0.1"));
    }
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), IsEmpty());
    EXPECT_EQ(link.drops("neighbor-control", "not-on-link"), 4u);
}

TEST(Arp, DefendsItsAddress) {
    Link link;
    link.receive(Link::lan, asks(host, "10.0.0.1", "10.0.0.1"));
    EXPECT_THAT(link.sent(), ElementsAre(announcement()));
    // Two who both insist must not flood the link (RFC 5227 2.4).
    link.pass(9'999ms);
    link.receive(Link::lan, asks(host, "10.0.0.1", "10.0.0.7"));
    link.receive(Link::lan, reply(host, "10.0.0.1"));
    EXPECT_THAT(link.sent(), IsEmpty());
    link.pass(1ms);
    link.receive(Link::lan, reply(host, "10.0.0.1"));
    EXPECT_THAT(link.sent(), ElementsAre(announcement()));
    // The other interface's address is not defended here.
    link.receive(Link::lan, asks(host, "10.1.0.1", "10.0.0.1"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_EQ(link.drops("neighbor-control", "address-conflict"), 5u);
    EXPECT_THAT(link.neighbors(), IsEmpty());
}

TEST(Arp, ItsOwnPacketsComeBackAreNoConflict) {
    Link link;
    link.receive(Link::lan, announcement().bytes);
    link.receive(Link::lan, request("10.0.0.9").bytes);
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_EQ(link.drops("neighbor-control", "own-packet"), 2u);
}

TEST(Arp, Announces) {
    Link link;
    ASSERT_TRUE(link.addresses->add("lan", wire::testing::prefix("30.0.0.1/24")).ok());
    EXPECT_THAT(link.sent(), ElementsAre(announcement("30.0.0.1")));
    link.devices[0]->cable = false;
    link.interfaces.poll_links();
    link.devices[0]->cable = true;
    link.interfaces.poll_links();
    EXPECT_THAT(link.sent(), ElementsAre(announcement(), announcement("30.0.0.1")));
    ASSERT_TRUE(link.interfaces.set_mac("lan", mac(other)).ok());
    EXPECT_THAT(link.sent(),
                ElementsAre(announcement("10.0.0.1", other), announcement("30.0.0.1", other)));
    ASSERT_TRUE(link.interfaces.set_up("lan", false).ok());
    ASSERT_TRUE(link.addresses->add("lan", wire::testing::prefix("31.0.0.1/24")).ok());
    EXPECT_THAT(link.sent(), IsEmpty());
}

TEST(Arp, FixedEntriesStay) {
    Link link;
    ASSERT_TRUE(link.table->add_fixed("lan", ip("10.0.0.9"), mac(host)).ok());
    link.receive(Link::lan, asks(other, "10.0.0.9", "10.0.0.1"));
    EXPECT_EQ(link.sent().size(), 1u);
    link.pass(std::chrono::hours(24));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.9 fixed ") + host));
    ASSERT_TRUE(link.interfaces.set_up("lan", false).ok());
    ASSERT_TRUE(link.interfaces.set_up("lan", true).ok());
    link.sent();
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host)));
    ASSERT_TRUE(link.table->add_fixed("lan", ip("10.0.0.9"), mac(other)).ok());
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", other)));
    ASSERT_TRUE(link.addresses->remove("lan", wire::testing::prefix("10.0.0.1/24")).ok());
    EXPECT_THAT(link.neighbors(), IsEmpty());
}

TEST(Arp, AFixedEntryEndsTheAsking) {
    Link link;
    link.receive(Link::wan, in("10.0.0.9", 1));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    ASSERT_TRUE(link.table->add_fixed("lan", ip("10.0.0.9"), mac(host)).ok());
    link.pass(1s);
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host, 1)));
}

TEST(Arp, RefusesWithASentence) {
    Settings settings;
    settings.most = 2;
    Link link(settings);
    Arp& table = *link.table;
    EXPECT_EQ(table.add_fixed("dmz", ip("10.0.0.9"), mac(host)).message(),
              "there is no interface 'dmz'; there are: lan, wan");
    EXPECT_EQ(table.add_fixed("lan", ip("10.0.0.9"), mac(everybody)).message(),
              "ff:ff:ff:ff:ff:ff cannot be a neighbour's address; give a unicast MAC address");
    EXPECT_EQ(table.add_fixed("lan", ip("10.1.0.9"), mac(host)).message(),
              "10.1.0.9 is in no network of interface 'lan'; add an address in its network first, "
              "or a route that leads there by the interface");
    EXPECT_EQ(table.add_fixed("lan", ip("10.0.0.1"), mac(host)).message(),
              "10.0.0.1 is an address of the router itself");
    ASSERT_TRUE(table.add_fixed("lan", ip("10.0.0.9"), mac(host)).ok());
    EXPECT_EQ(table.add_fixed("lan", ip("10.0.0.9"), mac(host)).message(),
              std::string("neighbour 10.0.0.9 of interface 'lan' is at ") + host + " already");
    EXPECT_EQ(table.remove("lan", ip("10.0.0.10")).message(),
              "interface 'lan' has no neighbour 10.0.0.10");
    EXPECT_EQ(table.remove("dmz", ip("10.0.0.9")).message(),
              "there is no interface 'dmz'; there are: lan, wan");
    ASSERT_TRUE(table.add_fixed("lan", ip("10.0.0.10"), mac(host)).ok());
    EXPECT_EQ(table.add_fixed("lan", ip("10.0.0.11"), mac(host)).message(),
              "no room for neighbour 10.0.0.11 of interface 'lan': there are 2");
    EXPECT_TRUE(table.add_fixed("lan", ip("10.0.0.10"), mac(other)).ok());
    EXPECT_TRUE(table.remove("lan", ip("10.0.0.10")).ok());
    EXPECT_EQ(link.neighbors().size(), 1u);
}

TEST(Arp, BoundsOfTheTable) {
    Settings settings;
    settings.most = 3;
    settings.most_unresolved = 2;
    Link link(settings);
    for (const char* address : {"10.0.0.9", "10.0.0.10", "10.0.0.11"}) {
        link.receive(Link::wan, in(address));
    }
    // Whoever has waited longest gives way to the newest.
    EXPECT_THAT(link.sent(),
                ElementsAre(request("10.0.0.9"), request("10.0.0.10"), request("10.0.0.11")));
    EXPECT_THAT(link.neighbors(), ElementsAre("10.0.0.10 incomplete", "10.0.0.11 incomplete"));
    EXPECT_EQ(link.drops("neighbor-control", "table-full"), 1u);
    EXPECT_EQ(link.table->held(), 2u);
    for (const char* address : {"10.0.0.10", "10.0.0.11"}) {
        link.receive(Link::lan, reply(host, address));
    }
    EXPECT_EQ(link.sent().size(), 2u);
    // Those who said who they are give way too, those who answered do not.
    link.receive(Link::lan, asks(host, "10.0.0.12", "10.0.0.1"));
    link.receive(Link::lan, asks(host, "10.0.0.13", "10.0.0.1"));
    EXPECT_EQ(link.sent().size(), 2u);
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.10 reachable ") + host,
                                              std::string("10.0.0.11 reachable ") + host,
                                              std::string("10.0.0.13 probing ") + host));
    link.pass(0ms);
    link.receive(Link::lan, reply(host, "10.0.0.13"));
    link.sent();
    link.receive(Link::lan, asks(host, "10.0.0.14", "10.0.0.1"));
    EXPECT_EQ(link.sent().size(), 1u) << "answered, if not learned";
    link.receive(Link::wan, in("10.0.0.15"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_EQ(link.neighbors().size(), 3u);
    EXPECT_EQ(link.drops("neighbor-control", "table-full"), 3u);
    // The next hop of a route has room of its own.
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.16")})
                    .ok());
    link.receive(Link::wan, in("50.0.0.1"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.16")));
}

TEST(Arp, AScanKeepsNobodyFromBeingAskedFor) {
    Settings settings;
    settings.most_unresolved = 8;
    settings.held_in_all = 8;
    Link link(settings);
    const auto scan = [&](unsigned first) {
        for (unsigned i = 0; i < 20; ++i) {
            link.receive(Link::wan, in(("10.0.0." + std::to_string(first + i)).c_str()));
        }
        link.sent();
    };
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.9")})
                    .ok());
    // A next hop of a route does not give way, nor do its packets, whichever came first; nor does
    // who is asked for on another link.
    link.receive(Link::wan, in("10.0.0.9", 1));
    link.receive(Link::wan, in("50.0.0.1", 2));
    link.receive(
        Link::lan,
        packet().ethernet(host, Link::lan_mac).ip4("10.0.0.99", "10.1.0.77").udp().bytes());
    scan(100);
    EXPECT_EQ(link.table->count(State::incomplete), 9u);
    EXPECT_EQ(link.table->held(), 8u);
    scan(150);
    link.receive(Link::wan, in("50.0.0.1", 3));
    link.receive(Link::wan, in("10.0.0.10", 4));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.10")));
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host, 1), out("50.0.0.1", host, 2),
                                         out("50.0.0.1", host, 3)));
    link.receive(Link::lan, reply(other, "10.0.0.10"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.10", other, 4)));
    EXPECT_THAT(link.neighbors(), ::testing::Contains("10.1.0.77 incomplete"));
    link.receive(Link::lan, reply(other, "10.0.0.169"));
    EXPECT_EQ(link.sent().size(), 1u);
    link.table->seek(Link::lan, ip("10.0.0.200"));
    scan(50);
    EXPECT_THAT(link.neighbors(), ::testing::Contains("10.0.0.200 incomplete"));
    // Who gives way to another was not found unreachable, and nobody is told so.
    EXPECT_EQ(link.drops("neighbor-control", "unreachable"), 0u);
    for (unsigned i = 0; i < 5; ++i) {
        link.pass(1s);
    }
    EXPECT_EQ(link.table->count(State::incomplete), 0u);
    EXPECT_EQ(link.table->held(), 0u);
}

TEST(Arp, AnInterfaceThatGoesDownIsForgotten) {
    Link link;
    know_router(link);
    know_host(link);
    link.receive(Link::wan, in("10.0.0.10"));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.10")));
    ASSERT_TRUE(link.interfaces.set_up("lan", false).ok());
    EXPECT_THAT(link.sent(), ElementsAre(unreachable(in("10.0.0.10"))));
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.1.0.2 fixed ") + router));
    link.receive(Link::wan, in("10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(unreachable(in("10.0.0.9"))));
    link.receive(Link::lan, asks(host, "10.0.0.9", "10.0.0.1"));
    EXPECT_THAT(link.sent(), IsEmpty());
    ASSERT_TRUE(link.interfaces.remove("wan").ok());
    EXPECT_THAT(link.neighbors(), IsEmpty());
}

TEST(Arp, ALinkThatIsLostIsForgotten) {
    Link link;
    know_router(link);
    know_host(link);
    ASSERT_TRUE(link.table->add_fixed("lan", ip("10.0.0.77"), mac(other)).ok());
    link.receive(Link::wan, in("10.0.0.10", 1));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.10")));
    link.devices[0]->cable = false;
    link.interfaces.poll_links();
    EXPECT_THAT(link.sent(), ElementsAre(unreachable(in("10.0.0.10", 1))));
    EXPECT_THAT(link.neighbors(), ElementsAre(std::string("10.0.0.77 fixed ") + other,
                                              std::string("10.1.0.2 fixed ") + router));
    // No packet goes to where the neighbour was: it is asked for, and its sender told in the end.
    link.receive(Link::wan, in("10.0.0.9", 2));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    link.pass(1s);
    link.pass(1s);
    link.sent();
    link.pass(1s);
    EXPECT_THAT(link.sent(), ElementsAre(unreachable(in("10.0.0.9", 2))));
    // The link is back: its neighbours are found anew.
    link.devices[0]->cable = true;
    link.interfaces.poll_links();
    link.sent();
    link.receive(Link::wan, in("10.0.0.9", 3));
    EXPECT_THAT(link.sent(), ElementsAre(request("10.0.0.9")));
    link.receive(Link::lan, reply(host, "10.0.0.9"));
    EXPECT_THAT(link.sent(), ElementsAre(out("10.0.0.9", host, 3)));
}

TEST(Arp, WithoutRoomForItsRouteANeighbourIsADropAndNoCircle) {
    Link link;
    uint32_t net = 0x20000000;
    link.interfaces.remove("wan").IgnoreError();
    ASSERT_TRUE(link.addresses->add("lan", wire::testing::prefix("40.0.0.1/16")).ok());
    link.sent();
    while (link.ip4.table.blocks_in_use() < ip4::Dir24::max_blocks) {
        ASSERT_TRUE(link.ip4.table.paint(net, net, 1));
        net += 256;
    }
    link.receive(Link::lan, in("40.0.9.9"));
    ASSERT_EQ(link.sent().size(), 1u);
    link.receive(Link::lan, reply(host, "40.0.9.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    link.receive(Link::lan, in("40.0.9.9"));
    EXPECT_THAT(link.sent(), IsEmpty());
    // Once when it was learned, once for each packet.
    EXPECT_EQ(link.drops("neighbor-control", "table-full"), 3u);
}

TEST(Arp, LeavesNoPathAndNoBufferBehind) {
    Link link;
    link.engine->rcu().flush();
    const size_t paths = link.forwarding.paths_in_use();
    const size_t routes = link.fib->size();
    for (unsigned i = 0; i < 20; ++i) {
        const std::string address = "10.0.0." + std::to_string(50 + i);
        link.receive(Link::wan, in(address.c_str()));
        link.settle();
        if (i % 2 == 0) {
            link.receive(Link::lan, reply(host, address.c_str()));
            link.settle();
        }
    }
    for (unsigned i = 0; i < 40; ++i) {
        link.pass(1s);
        link.settle();
    }
    EXPECT_THAT(link.neighbors(), IsEmpty());
    link.engine->rcu().flush();
    EXPECT_EQ(link.forwarding.paths_in_use(), paths);
    EXPECT_EQ(link.fib->size(), routes);
    link.interfaces.remove_all();
    link.engine->stop();
    EXPECT_EQ(link.engine->pool().available(), link.engine->pool().capacity());
}

}  // namespace
}  // namespace vnet::neighbor
