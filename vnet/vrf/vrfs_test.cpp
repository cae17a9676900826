// SPDX-License-Identifier: Apache-2.0
#include "vnet/vrf/vrfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/neighbor/testing/link.hpp"

namespace vnet::vrf {
namespace {

using neighbor::testing::Link;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using wire::testing::ip;
using wire::testing::ip6;
using wire::testing::mac;
using wire::testing::prefix;
using wire::testing::prefix6;

class VrfsTest : public ::testing::Test {
protected:
    interface::Vrf add(const std::string& name) {
        const auto vrf = vrfs_.add(name);
        EXPECT_TRUE(vrf.ok()) << vrf.status();
        return vrf.value_or(0);
    }
    std::string way(const char* address, interface::Vrf vrf) {
        const auto match = link_.ip4.fibs->of(vrf).match(ip(address));
        return match ? fmt::format("{} {}", name(match->route.via.kind), match->interface) : "none";
    }

    Link link_;
    Vrfs vrfs_{Vrfs::Parts{link_.engine->rcu(), link_.interfaces, link_.ip4, link_.ip6}};
};

TEST_F(VrfsTest, HaveNamesAndNumbers) {
    EXPECT_EQ(add("red"), 1);
    EXPECT_EQ(add("blue"), 2);
    EXPECT_EQ(vrfs_.add("red").status().message(), "VRF 'red' is there already");
    EXPECT_EQ(vrfs_.add("default").status().message(), "VRF 'default' is there already");
    EXPECT_EQ(vrfs_.add("a b").status().message(),
              "'a b' cannot name a VRF; use 1 to 32 letters, digits and - _ .");
    EXPECT_EQ(vrfs_.find("green").status().message(),
              "there is no VRF 'green'; there are: default, red, blue");
    EXPECT_TRUE(vrfs_.remove("red").ok());
    EXPECT_EQ(vrfs_.name_of(1), "-");
    EXPECT_EQ(add("green"), 1) << "the lowest that is free";
    EXPECT_EQ(vrfs_.remove("default").message(), "the default VRF is always there; delete another");
    for (unsigned number = 3; number < interface::most_vrfs; ++number) {
        EXPECT_EQ(add(fmt::format("v{}", number)), number);
    }
    EXPECT_EQ(vrfs_.add("more").status().message(),
              "no room for VRF 'more': there are 255 beside the default one");
}

TEST_F(VrfsTest, AnInterfaceTakesAddressesAndNeighboursWithIt) {
    ASSERT_TRUE(link_.ip6.addresses->add("lan", prefix6("2001:db8::1/64")).ok());
    ASSERT_TRUE(link_.table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:09")).ok());
    const interface::Vrf red = add("red");
    const size_t routes = link_.ip4.fib->size();
    const size_t routes6 = link_.ip6.fib->size();
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    EXPECT_EQ(way("10.0.0.1", red), "local 1");
    EXPECT_EQ(way("10.0.0.7", red), "connected 1");
    EXPECT_EQ(way("10.0.0.9", red), "next-hop 1");
    EXPECT_EQ(way("10.0.0.255", red), "broadcast 1");
    for (const char* address : {"10.0.0.1", "10.0.0.7", "10.0.0.9", "10.0.0.255"}) {
        EXPECT_EQ(way(address, 0), "none");
    }
    EXPECT_EQ(way("10.1.0.1", 0), "local 2");
    EXPECT_TRUE(link_.ip6.fibs->of(red).match(ip6("2001:db8::5")));
    EXPECT_FALSE(link_.ip6.fib->match(ip6("2001:db8::5")));
    EXPECT_THAT(vrfs_.interfaces_of(red), ElementsAre(Link::lan));
    EXPECT_EQ(vrfs_.remove("red").message(),
              "interface 'lan' is in VRF 'red'; put it into another first");
    ASSERT_TRUE(vrfs_.move(Link::lan, 0).ok());
    EXPECT_EQ(link_.ip4.fib->size(), routes);
    EXPECT_EQ(link_.ip6.fib->size(), routes6);
    EXPECT_EQ(link_.ip4.fibs->of(red).size(), 0U);
    EXPECT_EQ(link_.ip6.fibs->of(red).size(), 0U);
    EXPECT_TRUE(vrfs_.remove("red").ok());
}

TEST_F(VrfsTest, NeighboursAreLearnedWhereTheirInterfaceIs) {
    const interface::Vrf red = add("red");
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    ASSERT_TRUE(link_.table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:09")).ok());
    EXPECT_EQ(way("10.0.0.9", red), "next-hop 1");
    ASSERT_TRUE(link_.table->remove("lan", ip("10.0.0.9")).ok());
    EXPECT_EQ(way("10.0.0.9", red), "connected 1");
}

TEST_F(VrfsTest, AddressesMayOverlapThoseOfOtherVrfs) {
    const interface::Vrf red = add("red");
    EXPECT_FALSE(link_.addresses->add("wan", prefix("10.0.0.1/24")).ok());
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    EXPECT_TRUE(link_.addresses->add("wan", prefix("10.0.0.1/24")).ok());
    EXPECT_EQ(link_.addresses->owner(ip("10.0.0.1"), 0), Link::wan);
    EXPECT_EQ(link_.addresses->owner(ip("10.0.0.1"), red), Link::lan);
    const auto obstacles = link_.addresses->obstacles(Link::lan, 0);
    ASSERT_EQ(obstacles.size(), 1U);
    EXPECT_EQ(obstacles[0].prefix, prefix("10.0.0.1/24"));
    EXPECT_EQ(obstacles[0].status.message(), "interface 'wan' has the address 10.0.0.1/24 already");
    EXPECT_THAT(link_.addresses->obstacles(Link::wan, 0), IsEmpty());
}

TEST_F(VrfsTest, AnInterfaceGivesUpAddressesOnlyWhereItCanMove) {
    const interface::Vrf red = add("red");
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    ASSERT_TRUE(link_.table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:09")).ok());
    ASSERT_TRUE(link_.addresses->add("lan", prefix("40.0.0.1/16")).ok());
    ASSERT_TRUE(link_.ip6.addresses->add("lan", prefix6("2001:db8::1/64")).ok());
    ASSERT_TRUE(link_.addresses->add("wan", prefix("10.0.0.1/24")).ok());
    const auto before = link_.addresses->of(Link::lan);
    const size_t routes = link_.ip4.fib->size();
    const size_t routes6 = link_.ip6.fib->size();
    const Vrfs::Parting parting{{prefix("10.0.0.1/24")}, {prefix6("2001:db8::1/64")}};
    // Room for one end of 40.0.0.0/16 alone.
    uint32_t net = 0x50000000;
    while (link_.ip4.table.blocks_in_use() + 1 < ip4::Dir24::max_blocks) {
        ASSERT_TRUE(link_.ip4.table.paint(net, net, 1));
        net += 256;
    }
    EXPECT_TRUE(absl::IsResourceExhausted(vrfs_.move(Link::lan, 0, parting)));
    EXPECT_EQ(link_.addresses->of(Link::lan), before);
    EXPECT_THAT(link_.neighbors(), Contains("10.0.0.9 fixed 02:00:00:00:00:09"));
    EXPECT_EQ(link_.ip4.fib->size(), routes);
    EXPECT_EQ(way("10.0.0.1", 0), "local 2") << "that of the other";
    EXPECT_EQ(way("10.0.0.1", red), "local 1");
    for (; net > 0x50000000; net -= 256) {
        ASSERT_TRUE(link_.ip4.table.paint(net - 256, net - 256, 0));
        link_.ip4.table.join(net - 256);
    }
    link_.engine->rcu().flush();
    const absl::Status status = vrfs_.move(Link::lan, 0, parting);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_THAT(link_.addresses->of(Link::lan), ElementsAre(prefix("40.0.0.1/16")));
    EXPECT_THAT(link_.neighbors(), Not(Contains("10.0.0.9 fixed 02:00:00:00:00:09")));
    EXPECT_EQ(way("10.0.0.1", 0), "local 2");
    EXPECT_EQ(way("40.0.0.1", 0), "local 1");
    // The link-local address went with the last other one.
    EXPECT_THAT(link_.ip6.addresses->of(Link::lan), IsEmpty());
    EXPECT_EQ(link_.ip6.fib->size(), routes6);
    EXPECT_EQ(link_.ip4.fibs->of(red).size(), 0U);
    EXPECT_EQ(link_.ip6.fibs->of(red).size(), 0U);
    EXPECT_TRUE(vrfs_.remove("red").ok());
}

TEST_F(VrfsTest, APacketOfAnotherVrfThatWaitedForItsNextHopGoesOn) {
    const interface::Vrf red = add("red");
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    // In the VRF of the next hop the destination is on a link.
    ASSERT_TRUE(link_.addresses->add("lan", prefix("20.0.0.1/8")).ok());
    ASSERT_TRUE(link_.ip4.fib
                    ->add(prefix("20.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.9")})
                    .ok());
    (void)link_.sent();
    link_.receive(Link::wan, wire::testing::packet()
                                 .ethernet("02:00:00:00:00:b2", Link::wan_mac)
                                 .ip4("10.1.0.2", "20.0.0.5")
                                 .udp()
                                 .bytes());
    link_.settle_worker();
    ASSERT_TRUE(link_.table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:09")).ok());
    EXPECT_EQ(link_.sent().size(), 1U);
    EXPECT_EQ(link_.drops("neighbor-control", "table-full"), 0U);
}

/// As a feature does that knows better than the routes of the interface's VRF.
TEST_F(VrfsTest, APacketThatWasLedToAVrfByNoRouteIsLookedUpThereWhenItHasWaited) {
    const interface::Vrf red = add("red");
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    (void)link_.sent();
    const fib::PathIndex path = link_.ip4.fib->acquire(ip4::Via::look_up(red));
    const auto bytes = wire::testing::packet()
                           .ethernet("02:00:00:00:00:b2", Link::wan_mac)
                           .ip4("10.1.0.2", "10.0.0.9")
                           .udp()
                           .bytes();
    const auto receive = [&] {
        graph::Packet* packet = link_.engine->pool().allocate();
        ASSERT_TRUE(packet->resize(uint32_t(bytes.size())));
        std::memcpy(packet->data(), bytes.data(), bytes.size());
        graph::reset_metadata(*packet, Link::wan);
        packet->meta().l3_offset = sizeof(wire::EthernetHeader);
        packet->meta().adjacency = link_.forwarding.at(path);
        link_.engine->inject(packet, link_.engine->graph().find("ip4-lookup-vrf"));
    };
    receive();
    EXPECT_EQ(link_.sent().size(), 1U) << "the question";
    ASSERT_TRUE(link_.table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:09")).ok());
    const auto sent = link_.sent();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].interface, Link::lan);
    receive();
    EXPECT_EQ(link_.sent(), sent);
    link_.ip4.fib->release(ip4::Via::look_up(red));
}

TEST_F(VrfsTest, AnInterfaceThatGoesTakesItsRoutesOutOfAllVrfs) {
    const interface::Vrf red = add("red");
    ASSERT_TRUE(vrfs_.move(Link::lan, red).ok());
    ASSERT_TRUE(link_.ip4.fib
                    ->add(prefix("20.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.9")})
                    .ok());
    ASSERT_TRUE(link_.interfaces.remove("lan").ok());
    EXPECT_EQ(way("20.0.0.1", 0), "none");
    EXPECT_EQ(link_.ip4.fibs->of(red).size(), 0U);
    EXPECT_TRUE(vrfs_.remove("red").ok());
}

TEST_F(VrfsTest, AreKeptByWhoNeedsThem) {
    const interface::Vrf red = add("red");
    ASSERT_TRUE(
        link_.ip4.fib
            ->add(prefix("20.0.0.0/8"), ip4::RouteSource::configured, ip4::Via::look_up(red))
            .ok());
    EXPECT_EQ(vrfs_.remove("red").message(),
              "1 routes or rules of others lead to VRF 'red'; delete them first");
    ASSERT_TRUE(link_.ip4.fib->remove(prefix("20.0.0.0/8"), ip4::RouteSource::configured).ok());
    bool needed = true;
    vrfs_.guard([&](interface::Vrf vrf) {
        EXPECT_EQ(vrf, red);
        return needed ? absl::FailedPreconditionError("it is needed") : absl::OkStatus();
    });
    EXPECT_EQ(vrfs_.remove("red").message(), "it is needed");
    needed = false;
    // What is not guarded goes with it.
    ASSERT_TRUE(
        link_.ip4.fibs->of(red)
            .add(prefix("20.0.0.0/8"), ip4::RouteSource::loaded, {ip4::Via::Kind::blackhole})
            .ok());
    EXPECT_TRUE(vrfs_.remove("red").ok());
    EXPECT_EQ(add("green"), red);
    EXPECT_EQ(way("20.0.0.1", red), "none");
}

}  // namespace
}  // namespace vnet::vrf
