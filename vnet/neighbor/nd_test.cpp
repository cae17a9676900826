// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/nd.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/neighbor/testing/link.hpp"
#include "vnet/wire/nd.hpp"

namespace vnet::neighbor {
namespace {

using namespace std::chrono_literals;
using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Link;
using testing::Sent;
using ::testing::UnorderedElementsAre;
using wire::testing::ip6;
using wire::testing::mac;
using wire::testing::packet;
using wire::testing::prefix6;

constexpr const char* host = "02:00:00:00:00:b9";
constexpr const char* other = "02:00:00:00:00:ba";
constexpr const char* router = "02:00:00:00:00:b2";
constexpr const char* lan_link_local = "fe80::ff:fe00:a1";
constexpr const char* all_nodes_mac = "33:33:00:00:00:01";
constexpr uint8_t from_router = wire::NeighborAdvertisement::router_flag;
constexpr uint8_t solicited = wire::NeighborAdvertisement::solicited_flag;
constexpr uint8_t overrides = wire::NeighborAdvertisement::override_flag;

/// IPv6 on both links, and its addresses in use at once.
struct Dual : Link {
    explicit Dual(unsigned duplicate_tries = 0)
        : Dual([&] {
              Settings settings;
              settings.duplicate_tries = duplicate_tries;
              return settings;
          }()) {}
    explicit Dual(const Settings& settings) : Link(settings) {
        EXPECT_TRUE(ip6.addresses->add("lan", prefix6("2001:db8::1/64")).ok());
        EXPECT_TRUE(ip6.addresses->add("wan", prefix6("2001:db8:1::1/64")).ok());
        EXPECT_TRUE(
            ip6.neighbors
                ->add_fixed("wan", wire::testing::ip6("2001:db8:1::2"), wire::testing::mac(router))
                .ok());
    }
};

Bytes in(const char* destination, uint16_t n = 0) {
    return packet()
        .ethernet(router, Link::wan_mac)
        .ip6("2001:db8:1::2", destination)
        .udp(n, 2000)
        .bytes();
}
Sent out(const char* destination, const char* to, uint16_t n = 0) {
    return {Link::lan, packet()
                           .ethernet(Link::lan_mac, to)
                           .ip6("2001:db8:1::2", destination)
                           .ttl(63)
                           .udp(n, 2000)
                           .bytes()};
}
Sent asks_for(const char* target, const char* alone = nullptr) {
    const wire::Ip6Address group = ip6(target).solicited_node();
    return {Link::lan,
            packet()
                .ethernet(Link::lan_mac, alone != nullptr ? mac(alone) : group.multicast_mac())
                .ip6(lan_link_local, alone != nullptr ? ip6(target) : group)
                .neighbor_solicitation(target)
                .nd_options([](wire::NdOptionsWriter& options) {
                    options.link_address(wire::NdOptionType::source_link_address,
                                         mac(Link::lan_mac));
                })
                .bytes()};
}
Bytes tells(const char* target, const char* from, uint8_t flags, const char* at = nullptr) {
    return packet()
        .ethernet(from, Link::lan_mac)
        .ip6(target, lan_link_local)
        .neighbor_advertisement(target, flags)
        .nd_options([&](wire::NdOptionsWriter& options) {
            options.link_address(wire::NdOptionType::target_link_address,
                                 mac(at == nullptr ? from : at));
        })
        .bytes();
}
Bytes asks_us(const char* source, const char* from, const char* target) {
    const wire::Ip6Address group = ip6(target).solicited_node();
    auto maker = packet()
                     .ethernet(from, group.multicast_mac())
                     .ip6(source, group)
                     .neighbor_solicitation(target);
    if (!ip6(source).is_unspecified()) {
        maker.nd_options([&](wire::NdOptionsWriter& options) {
            options.link_address(wire::NdOptionType::source_link_address, mac(from));
        });
    }
    return maker.bytes();
}
Sent answers(const char* own, wire::testing::Ip6Argument to, const char* to_mac, uint8_t flags) {
    return {Link::lan, packet()
                           .ethernet(Link::lan_mac, to_mac)
                           .ip6(own, to)
                           .neighbor_advertisement(own, flags)
                           .nd_options([](wire::NdOptionsWriter& options) {
                               options.link_address(wire::NdOptionType::target_link_address,
                                                    mac(Link::lan_mac));
                           })
                           .bytes()};
}
Sent announces(const char* own) {
    return answers(own, "ff02::1", all_nodes_mac, from_router | overrides);
}
std::vector<std::string> of_lan(const Link& link) {
    std::vector<std::string> all = link.neighbors();
    std::erase_if(all, [](const std::string& text) { return text.find("fixed") != text.npos; });
    return all;
}
void know_host(Link& link) {
    link.receive(Link::wan, in("2001:db8::9"));
    link.sent();
    link.receive(Link::lan, tells("2001:db8::9", host, solicited | overrides));
    link.sent();
    ASSERT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 reachable ") + host));
}

TEST(Nd, AsksHoldsAndSendsOnInOrder) {
    Dual link;
    link.sent();
    for (uint16_t n = 0; n < 3; ++n) {
        link.receive(Link::wan, in("2001:db8::9", n));
    }
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8::9")));
    EXPECT_THAT(of_lan(link), ElementsAre("2001:db8::9 incomplete"));
    link.receive(Link::lan, tells("2001:db8::9", host, solicited | overrides));
    EXPECT_THAT(link.sent(), ElementsAre(out("2001:db8::9", host, 0), out("2001:db8::9", host, 1),
                                         out("2001:db8::9", host, 2)));
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 reachable ") + host));
}

TEST(Nd, AFloodOfStrangersTakesNothingFromWhoIsKnown) {
    Dual link;
    link.sent();
    know_host(link);
    link.limits.set_rate(punt::Class::neighbor, 1);
    const auto flood = [&](const char* sender) {
        const uint64_t before = link.drops("nd-input", "rate-limited");
        for (unsigned i = 0; i < 100; ++i) {
            link.receive(Link::lan, asks_us(sender, "02:00:00:00:00:ee", "2001:db8::1"));
        }
        link.sent();
        return link.drops("nd-input", "rate-limited") > before;
    };
    EXPECT_TRUE(flood("2001:db8::77"));
    link.receive(Link::lan, asks_us("2001:db8::9", host, "2001:db8::1"));
    EXPECT_THAT(link.sent(), ElementsAre(answers("2001:db8::1", "2001:db8::9", host,
                                                 from_router | solicited | overrides)));
    // Who only says that he is the known one is a stranger by his MAC address.
    EXPECT_TRUE(flood("2001:db8::9"));
}

TEST(Nd, ALinkLocalNextHopIsAskedForOnItsLink) {
    Dual link;
    link.sent();
    ASSERT_TRUE(link.ip6.fib
                    ->add(prefix6("2001:db8:50::/48"), ip6::RouteSource::configured,
                          {ip6::Via::Kind::next_hop, Link::lan, wire::testing::ip6("fe80::9")})
                    .ok());
    link.receive(Link::wan, in("2001:db8:50::1"));
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("fe80::9")));
    link.receive(Link::lan, tells("fe80::9", host, solicited | overrides));
    EXPECT_THAT(link.sent(), ElementsAre(out("2001:db8:50::1", host)));
}

TEST(Nd, AGatewayOutsideOfTheInterfacesNetworkIsANeighbour) {
    Dual link;
    ASSERT_TRUE(link.ip6.addresses->remove("lan", prefix6("2001:db8::1/64")).ok());
    ASSERT_TRUE(link.ip6.addresses->add("lan", prefix6("2001:db8:9::2/128")).ok());
    ASSERT_TRUE(link.ip6.fib
                    ->add(prefix6("2001:db8:8::1/128"), ip6::RouteSource::configured,
                          {ip6::Via::Kind::connected, Link::lan, {}})
                    .ok());
    ASSERT_TRUE(link.ip6.fib
                    ->add(prefix6("2001:db8:50::/48"), ip6::RouteSource::configured,
                          {ip6::Via::Kind::next_hop, 0, ip6("2001:db8:8::1")})
                    .ok());
    link.sent();
    link.receive(Link::wan, in("2001:db8:50::1", 1));
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8:8::1")));
    link.receive(Link::lan, tells("2001:db8:8::1", host, solicited | overrides));
    EXPECT_THAT(link.sent(), ElementsAre(out("2001:db8:50::1", host, 1)));
    // It is answered too.
    link.receive(Link::lan, asks_us("2001:db8:8::1", host, "2001:db8:9::2"));
    EXPECT_EQ(link.sent().size(), 1u);
    link.receive(Link::lan, asks_us("2001:db8:8::2", host, "2001:db8:9::2"));
    EXPECT_THAT(link.sent(), IsEmpty());
}

TEST(Nd, GivesUpAndTellsTheSender) {
    Dual link;
    link.sent();
    const Bytes about = in("2001:db8::9");
    link.receive(Link::wan, about);
    EXPECT_EQ(link.sent().size(), 1u);
    for (int i = 0; i < 2; ++i) {
        link.pass(1s);
        EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8::9")));
    }
    link.pass(1s);
    EXPECT_THAT(link.sent(),
                ElementsAre(Sent{Link::wan, packet()
                                                .ethernet(Link::wan_mac, router)
                                                .ip6("2001:db8:1::1", "2001:db8:1::2")
                                                .icmp6_unreachable(wire::Icmp6Unreachable::address)
                                                .payload(Bytes(about.begin() + 14, about.end()))
                                                .bytes()}));
    EXPECT_THAT(of_lan(link), IsEmpty());
}

TEST(Nd, ProbesWhomItKnewAloneFirst) {
    Dual link;
    know_host(link);
    link.pass(30s);
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8::9", host)));
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 probing ") + host));
    link.receive(Link::lan, tells("2001:db8::9", host, solicited));
    link.settle();
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 reachable ") + host));
    link.pass(30s);
    link.pass(1s);
    link.sent();
    link.pass(1s);
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8::9")));
    link.pass(1s);
    EXPECT_THAT(of_lan(link), IsEmpty());
}

// RFC 4861 7.2.5.
TEST(Nd, AnotherMacCountsWhereItOverrides) {
    Dual link;
    know_host(link);
    link.receive(Link::lan, tells("2001:db8::9", other, solicited));
    link.settle();
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 reachable ") + host));
    link.receive(Link::lan, tells("2001:db8::9", other, overrides));
    link.settle();
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 probing ") + other));
    link.pass(0s);
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8::9", other)));
    link.receive(Link::lan, tells("2001:db8::9", host, solicited | overrides));
    link.settle();
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 reachable ") + host));
}

TEST(Nd, WhoInventsHostsCrowdsOutNoneThatAnswers) {
    Settings settings;
    settings.duplicate_tries = 0;
    settings.most = 8;
    settings.most_unproven = 3;
    Dual link(settings);
    know_host(link);
    for (unsigned i = 0x100; i < 0x180; ++i) {
        const std::string invented = fmt::format("2001:db8::{:x}", i);
        link.receive(Link::lan, asks_us(invented.c_str(), other, "2001:db8::1"));
    }
    link.settle();
    const std::string forged = std::string(" probing ") + other;
    EXPECT_THAT(
        of_lan(link),
        UnorderedElementsAre(std::string("2001:db8::9 reachable ") + host, "2001:db8::17d" + forged,
                             "2001:db8::17e" + forged, "2001:db8::17f" + forged));
    // One that is there is asked, answers, and stays.
    link.receive(Link::lan, asks_us("2001:db8::a", host, "2001:db8::1"));
    link.pass(0s);
    link.receive(Link::lan, tells("2001:db8::a", host, solicited | overrides));
    link.settle();
    for (unsigned i = 0; i < 5; ++i) {
        link.pass(1s);
    }
    EXPECT_THAT(of_lan(link), UnorderedElementsAre(std::string("2001:db8::9 reachable ") + host,
                                                   std::string("2001:db8::a reachable ") + host));
}

TEST(Nd, AnAdvertisementThatNobodyAskedForMakesNoNeighbour) {
    Dual link;
    link.sent();
    link.receive(Link::lan, tells("2001:db8::9", host, overrides));
    link.receive(Link::lan, asks_us("2001:db8::9", host, "2001:db8::7"));
    link.settle();
    EXPECT_THAT(of_lan(link), IsEmpty());
    EXPECT_THAT(link.sent(), IsEmpty());
}

TEST(Nd, AnswersForItsOwnAddressesAndNotesWhoAsked) {
    Dual link;
    link.sent();
    link.receive(Link::lan, asks_us("2001:db8::9", host, "2001:db8::1"));
    EXPECT_THAT(link.sent(), ElementsAre(answers("2001:db8::1", "2001:db8::9", host,
                                                 from_router | solicited | overrides)));
    EXPECT_THAT(of_lan(link), ElementsAre(std::string("2001:db8::9 probing ") + host));
    link.pass(0s);
    EXPECT_THAT(link.sent(), ElementsAre(asks_for("2001:db8::9", host)))
        << "that it asked does not say that it is reached";
    link.receive(Link::lan, asks_us("fe80::9", host, lan_link_local));
    EXPECT_THAT(link.sent(), ElementsAre(answers(lan_link_local, "fe80::9", host,
                                                 from_router | solicited | overrides)));
}

TEST(Nd, WhoIsNotOnTheLinkIsIgnored) {
    Dual link;
    link.sent();
    link.receive(Link::lan, asks_us("2001:db8:77::9", host, "2001:db8::1"));
    EXPECT_THAT(link.sent(), IsEmpty());
    EXPECT_THAT(of_lan(link), IsEmpty());
    EXPECT_EQ(link.drops("nd-control", "not-on-link"), 1u);
}

TEST(Nd, AnAddressIsUsedWhenNobodyElseHasIt) {
    Dual link(1);
    const auto sent = link.sent();
    ASSERT_EQ(sent.size(), 4u) << "the global and the link-local address of both links";
    EXPECT_TRUE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1")));
    EXPECT_FALSE(link.ip6.fib->find(prefix6("2001:db8::1/128"), ip6::RouteSource::address));
    link.receive(Link::lan, asks_us("2001:db8::9", host, "2001:db8::1"));
    EXPECT_THAT(link.sent(), IsEmpty()) << "it is not ours yet";
    link.pass(1s);
    EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1")));
    EXPECT_TRUE(link.ip6.fib->find(prefix6("2001:db8::1/128"), ip6::RouteSource::address));
    const auto after = link.sent();
    EXPECT_THAT(after, ::testing::Contains(announces("2001:db8::1")));
    EXPECT_THAT(after, ::testing::Contains(announces(lan_link_local)));
}

TEST(Nd, ItsOwnQuestionComeBackIsNoDuplicate) {
    Dual link(1);
    for (const Sent& sent : link.sent()) {
        Bytes back = sent.bytes;
        // By a loop in the network, from another station as it seems.
        const auto from = mac(other).bytes();
        for (size_t i = 0; i < from.size(); ++i) {
            back[6 + i] = std::byte(from[i]);
        }
        link.receive(sent.interface, back);
    }
    link.settle();
    link.pass(1s);
    EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1")));
}

TEST(Nd, AnAddressThatAnotherHasIsNotUsed) {
    for (const bool asked : {false, true}) {
        Dual link(1);
        link.sent();
        link.receive(Link::lan, asked ? asks_us("::", other, "2001:db8::1")
                                      : tells("2001:db8::1", other, overrides));
        link.settle();
        link.pass(1s);
        EXPECT_TRUE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1")));
        EXPECT_TRUE(link.ip6.neighbors->is_duplicate(Link::lan, ip6("2001:db8::1")));
        EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::lan, ip6(lan_link_local)));
        // The cable is moved to where nobody has it.
        link.devices[0]->cable = false;
        link.interfaces.poll_links();
        link.devices[0]->cable = true;
        link.interfaces.poll_links();
        link.pass(1s);
        EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1")));
    }
}

TEST(Nd, ADetectionThatTheLinkCutOffProvesNothing) {
    for (const bool cable : {false, true}) {
        Dual link(1);
        link.sent();
        const auto set_link = [&](bool up) {
            if (cable) {
                link.devices[0]->cable = up;
                link.interfaces.poll_links();
            } else {
                ASSERT_TRUE(link.interfaces.set_up("lan", up).ok());
            }
        };
        link.pass(900ms);
        set_link(false);
        link.pass(10s);
        EXPECT_TRUE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1"))) << cable;
        EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::wan, ip6("2001:db8:1::1"))) << cable;
        set_link(true);
        link.pass(900ms);
        EXPECT_TRUE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1"))) << cable;
        link.pass(100ms);
        EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1"))) << cable;
    }
}

TEST(Nd, AnAddressInUseIsDefended) {
    Dual link;
    link.sent();
    link.receive(Link::lan, asks_us("::", other, "2001:db8::1"));
    EXPECT_THAT(link.sent(), ElementsAre(announces("2001:db8::1")));
    link.receive(Link::lan, tells("2001:db8::1", other, overrides));
    EXPECT_THAT(link.sent(), ElementsAre(announces("2001:db8::1")));
    link.receive(Link::lan, tells("2001:db8::1", other, overrides));
    EXPECT_THAT(link.sent(), IsEmpty()) << "not more than every ten seconds";
    EXPECT_FALSE(link.ip6.addresses->is_tentative(Link::lan, ip6("2001:db8::1")));
    EXPECT_EQ(link.drops("nd-control", "address-conflict"), 2u);
}

TEST(Nd, ARedirectIsToldToWhomItHelps) {
    Dual link;
    know_host(link);
    ASSERT_TRUE(link.ip6.neighbors->add_fixed("lan", ip6("fe80::b"), mac(other)).ok());
    ASSERT_TRUE(link.ip6.fib
                    ->add(prefix6("2001:db8:50::/48"), ip6::RouteSource::configured,
                          {ip6::Via::Kind::next_hop, Link::lan, ip6("fe80::b")})
                    .ok());
    const Bytes frame =
        packet().ethernet(host, Link::lan_mac).ip6("2001:db8::9", "2001:db8:50::1").udp().bytes();
    link.receive(Link::lan, frame);
    const auto sent = link.sent();
    ASSERT_EQ(sent.size(), 2u) << "the packet goes its way all the same";
    const Sent redirect{
        Link::lan, packet()
                       .ethernet(Link::lan_mac, host)
                       .ip6(lan_link_local, "2001:db8::9")
                       .nd_redirect("fe80::b", "2001:db8:50::1")
                       .nd_options([&](wire::NdOptionsWriter& options) {
                           options.link_address(wire::NdOptionType::target_link_address, mac(other))
                               .redirected_header(std::span(frame).subspan(14));
                       })
                       .bytes()};
    EXPECT_THAT(sent, ::testing::Contains(redirect));
}

TEST(Nd, ALinkThatIsLostIsForgotten) {
    Dual link;
    know_host(link);
    link.devices[0]->cable = false;
    link.interfaces.poll_links();
    EXPECT_THAT(of_lan(link), IsEmpty());
    EXPECT_EQ(link.neighbors().size(), 1u) << "the fixed one of the other link";
}

TEST(Nd, AnInterfaceThatGoesDownIsForgotten) {
    Dual link;
    know_host(link);
    ASSERT_TRUE(link.interfaces.set_up("lan", false).ok());
    EXPECT_THAT(of_lan(link), IsEmpty());
    ASSERT_TRUE(link.interfaces.remove("lan").ok());
    EXPECT_THAT(link.ip6.addresses->of(Link::lan), IsEmpty());
    EXPECT_FALSE(link.link_locals->is_enabled(Link::lan));
}

}  // namespace
}  // namespace vnet::neighbor
