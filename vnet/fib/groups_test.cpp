// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/groups.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/fib/testing/group_net.hpp"

namespace vnet::fib {
namespace {

using ip4::testing::Net;
using ::testing::ElementsAre;
using testing::GroupNet;
using ::testing::IsEmpty;
using wire::testing::ip;
using wire::testing::prefix;

class GroupsTest : public ::testing::Test {
protected:
    GroupsTest() {
        EXPECT_TRUE(groups().add("a").ok());
        EXPECT_TRUE(groups().add("b").ok());
    }
    GroupNet::Groups& groups() { return *router_.groups; }
    std::vector<std::string> members(const char* group) { return router_.members(group); }
    absl::Status route(const char* to, const char* group) {
        return router_.net.fib->add(prefix(to), RouteSource::configured,
                                    ip4::Via::to_group(groups().find(group)));
    }
    /// Where a group's buckets lead, as workers see it.
    std::set<PathIndex> paths(const char* group) {
        std::set<PathIndex> all;
        for (unsigned bucket = 0; bucket < BucketTables::buckets; ++bucket) {
            all.insert(router_.net.forwarding.groups().path(groups().find(group), bucket));
        }
        return all;
    }

    /// Notes what is told from now on: change, group, member, state, place.
    void listen() {
        groups().observe([this](const std::string& group, const auto& member, auto change) {
            using Change = GroupNet::Groups::Change;
            const char* const what = change == Change::added     ? "added"
                                     : change == Change::changed ? "changed"
                                                                 : "removed";
            told_.push_back(fmt::format("{} {} {} {} {}", what, group, member.next_hop,
                                        name(member.state), member.place));
        });
    }
    std::vector<std::string> told() { return std::exchange(told_, {}); }

    /// What observers saw, which outlive a test's own.
    unsigned routes_told_ = 0;
    std::vector<std::string> told_;
    GroupNet router_;
};

TEST_F(GroupsTest, RefuseWithASentence) {
    EXPECT_EQ(groups().add("a").message(), "there is a next-hop group 'a' already");
    EXPECT_EQ(groups().remove("c").message(), "there is no IPv4 next-hop group 'c'; add it first");
    EXPECT_EQ(groups().set_member("c", 0, ip("10.0.0.2"), 1).message(),
              "there is no IPv4 next-hop group 'c'; add it first");
    EXPECT_EQ(groups().set_member("a", 0, ip("224.0.0.1"), 1).message(),
              "224.0.0.1 cannot be a next hop; give a router's unicast address");
    EXPECT_EQ(groups().set_member("a", 0, ip("10.0.0.2"), 0).message(),
              "weight 0 is out of range; give 1 to 256");
    EXPECT_EQ(groups().remove_member("a", 0, ip("10.0.0.2")).message(),
              "next-hop group 'a' has no member 10.0.0.2 without an interface");
    EXPECT_EQ(groups().remove_member("a", 1, ip("10.0.0.2")).message(),
              "next-hop group 'a' has no member 10.0.0.2 by interface lan");
    for (unsigned i = 0; i < GroupNet::Groups::most_members; ++i) {
        router_.add_member("a", "10.0.0." + std::to_string(100 + i));
    }
    EXPECT_EQ(groups().set_member("a", 0, ip("10.0.0.99"), 1).message(),
              "next-hop group 'a' has 64 members already, and can have no more");
    EXPECT_EQ(
        router_.net.fib->add(prefix("20.0.0.0/8"), RouteSource::configured, ip4::Via::to_group(77))
            .message(),
        "route 20.0.0.0/8 leads to a next-hop group that there is not; add it first");
    ASSERT_TRUE(route("20.0.0.0/8", "a").ok());
    EXPECT_EQ(groups().remove("a").message(),
              "1 route leads to next-hop group 'a'; delete or change it first");
    ASSERT_TRUE(route("20.0.0.0/8", "b").ok());
    EXPECT_TRUE(groups().remove("a").ok());
    EXPECT_THAT(groups().names(), ElementsAre("b"));
    EXPECT_EQ(groups().routes("b"), 1u);
}

TEST_F(GroupsTest, MembersAreInWhileTheyCanBeReached) {
    EXPECT_THAT(paths("a"), ElementsAre(router_.net.paths.unreachable));
    router_.add_member("a", "10.0.0.2");
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 1024"));
    router_.add_member("a", "10.1.0.2", Net::wan, 3);
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 256", "10.1.0.2 used 768"));
    router_.add_member("a", "10.0.0.3", 0, 4);
    EXPECT_THAT(members("a"),
                ElementsAre("10.0.0.2 used 256", "10.1.0.2 used 768", "10.0.0.3 unresolved 0"));
    // The neighbour's own path, and the recursive one that follows it.
    router_.net.next_hops->acquire(Net::lan, ip("10.0.0.3"));
    router_.resolve("10.0.0.3");
    EXPECT_THAT(members("a"),
                ElementsAre("10.0.0.2 used 128", "10.1.0.2 used 384", "10.0.0.3 used 512"));
    router_.lose("10.0.0.3");
    router_.lose("10.1.0.2", Net::wan);
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 1024", "10.1.0.2 unresolved 0",
                                          "10.0.0.3 unresolved 0"));
    router_.lose("10.0.0.2");
    EXPECT_THAT(paths("a"), ElementsAre(router_.net.paths.unreachable));
    router_.net.next_hops->release(Net::lan, ip("10.0.0.3"));
}

TEST_F(GroupsTest, MembersFollowTheirInterface) {
    router_.add_member("a", "10.0.0.2");
    router_.add_member("a", "10.1.0.2", Net::wan);
    ASSERT_TRUE(router_.net.interfaces.set_up("wan", false).ok());
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 1024", "10.1.0.2 link-down 0"));
    ASSERT_TRUE(router_.net.interfaces.set_up("wan", true).ok());
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 512", "10.1.0.2 used 512"));
    router_.net.devices[1]->cable = false;
    router_.net.interfaces.poll_links();
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 1024", "10.1.0.2 link-down 0"));
    router_.net.devices[1]->cable = true;
    router_.net.interfaces.poll_links();
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 512", "10.1.0.2 used 512"));
    // One by the interface goes with it, one by its network stays.
    router_.add_member("a", "10.1.0.2", 0);
    ASSERT_TRUE(router_.net.interfaces.remove("wan").ok());
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 1024", "10.1.0.2 no-way 0"));
}

TEST_F(GroupsTest, AWeightMayChangeAndAMemberMayGo) {
    router_.add_member("a", "10.0.0.2");
    router_.add_member("a", "10.1.0.2", Net::wan);
    router_.add_member("a", "10.0.0.2", Net::lan, 7);
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 896", "10.1.0.2 used 128"));
    ASSERT_TRUE(groups().remove_member("a", Net::lan, ip("10.0.0.2")).ok());
    EXPECT_THAT(members("a"), ElementsAre("10.1.0.2 used 1024"));
    EXPECT_EQ(paths("a").size(), 1u);
}

TEST_F(GroupsTest, NothingIsLeftOfAGroupThatWent) {
    router_.net.engine->rcu().flush();
    const size_t paths = router_.net.forwarding.paths_in_use();
    ASSERT_TRUE(groups().add("c").ok());
    router_.add_member("c", "10.0.0.77");
    router_.add_member("c", "10.0.0.78", 0);
    ASSERT_TRUE(groups().remove("c").ok());
    router_.net.engine->rcu().flush();
    EXPECT_EQ(router_.net.forwarding.paths_in_use(), paths);
    EXPECT_EQ(groups().find("c"), 0u);
    EXPECT_THAT(members("c"), IsEmpty());
}

TEST_F(GroupsTest, OneRepairForAnyNumberOfRoutes) {
    router_.add_member("a", "10.0.0.2");
    router_.add_member("a", "10.1.0.2", Net::wan);
    constexpr unsigned routes = 100'000;
    for (unsigned i = 0; i < routes; ++i) {
        const wire::Ip4Prefix to(wire::Ip4Address(0x14000000 + (i << 8)), 24);
        ASSERT_TRUE(
            router_.net.fib->add(to, RouteSource::loaded, ip4::Via::to_group(groups().find("a")))
                .ok());
    }
    EXPECT_EQ(groups().routes("a"), routes);
    router_.net.fib->observe([this](const auto&, bool, auto) { ++routes_told_; });
    const uint64_t before = router_.net.forwarding.groups().changes();
    std::vector<PathIndex> leaves;
    for (unsigned i = 0; i < routes; i += 97) {
        leaves.push_back(router_.net.table.lookup(0x14000001 + (i << 8)));
    }
    router_.lose("10.1.0.2", Net::wan);
    // As many stores as the lost member had buckets; no route and no leaf was touched.
    EXPECT_EQ(router_.net.forwarding.groups().changes() - before, BucketTables::buckets / 2);
    EXPECT_EQ(routes_told_, 0u);
    for (size_t i = 0; i < leaves.size(); ++i) {
        ASSERT_EQ(router_.net.table.lookup(uint32_t(0x14000001 + (i * 97 << 8))), leaves[i]);
    }
    EXPECT_THAT(members("a"), ElementsAre("10.0.0.2 used 1024", "10.1.0.2 unresolved 0"));
}

TEST_F(GroupsTest, WhoHasNoAddressIsAskedForUntilItHas) {
    auto& asked = told_;
    groups().set_seeker([&asked](interface::Index interface, wire::Ip4Address next_hop) {
        asked.push_back(next_hop.to_string() + "@" + std::to_string(interface));
    });
    router_.add_member("a", "10.0.0.2");
    EXPECT_THAT(asked, IsEmpty());
    router_.add_member("a", "10.0.0.3");
    EXPECT_THAT(asked, ElementsAre("10.0.0.3@1"));
    router_.add_member("a", "99.0.0.3", 0);
    asked.clear();
    groups().seek();
    EXPECT_THAT(asked, ElementsAre("10.0.0.3@1"));
    router_.resolve("10.0.0.3");
    router_.lose("10.0.0.2");
    asked.clear();
    groups().seek();
    EXPECT_THAT(asked, ElementsAre("10.0.0.2@1"));
}

TEST_F(GroupsTest, TellWhoComesAndGoes) {
    listen();
    router_.add_member("a", "10.0.0.2");
    router_.add_member("b", "10.0.0.2");
    router_.add_member("b", "10.0.0.3");
    EXPECT_THAT(told(), ElementsAre("added a 10.0.0.2 used 1", "added b 10.0.0.2 used 1",
                                    "added b 10.0.0.3 unresolved 1"));
    router_.lose("10.0.0.2");
    EXPECT_THAT(told(),
                ElementsAre("changed a 10.0.0.2 unresolved 1", "changed b 10.0.0.2 unresolved 1"));
    router_.resolve("10.0.0.2");
    (void)told();
    ASSERT_TRUE(groups().remove_member("a", Net::lan, ip("10.0.0.2")).ok());
    EXPECT_THAT(told(), ElementsAre("removed a 10.0.0.2 used 1"));
    ASSERT_TRUE(groups().remove("b").ok());
    EXPECT_THAT(told(),
                ElementsAre("removed b 10.0.0.3 unresolved 1", "removed b 10.0.0.2 used 1"));
}

TEST_F(GroupsTest, TellEveryChangeOfStateAndPlace) {
    router_.add_member("a", "10.1.0.2", 0);
    router_.add_member("a", "10.1.0.9", 0);
    router_.add_member("b", "10.1.0.2", Net::wan);
    listen();
    ASSERT_TRUE(router_.net.interfaces.set_up("wan", false).ok());
    EXPECT_THAT(told(),
                ElementsAre("changed a 10.1.0.2 link-down 2", "changed a 10.1.0.9 link-down 2",
                            "changed b 10.1.0.2 link-down 2"));
    ASSERT_TRUE(router_.net.interfaces.set_up("wan", true).ok());
    EXPECT_THAT(told(), ElementsAre("changed a 10.1.0.2 used 2", "changed a 10.1.0.9 unresolved 2",
                                    "changed b 10.1.0.2 used 2"));
    // Out, and elsewhere: it is not in use before nor after.
    ASSERT_TRUE(router_.net.addresses->remove("wan", prefix("10.1.0.1/24")).ok());
    (void)told();
    ASSERT_TRUE(router_.net.addresses->add("lan", prefix("10.1.0.1/24")).ok());
    EXPECT_THAT(told(), ElementsAre("changed a 10.1.0.9 unresolved 1"));
    // The other was found by its neighbour's own route until that went.
    ASSERT_TRUE(router_.net.interfaces.remove("wan").ok());
    EXPECT_THAT(told(),
                ElementsAre("changed a 10.1.0.2 link-down 2", "changed b 10.1.0.2 link-down 2",
                            "changed a 10.1.0.2 unresolved 1", "removed b 10.1.0.2 link-down 2"));
}

TEST_F(GroupsTest, AreOfAVrf) {
    constexpr interface::Vrf red = 1;
    router_.net.fibs->make(red);
    ASSERT_TRUE(groups().add("r", red).ok());
    EXPECT_EQ(groups().vrf("r"), red);
    EXPECT_EQ(groups().vrf("a"), interface::default_vrf);
    // The address is one of the default VRF's; red knows no way to it.
    router_.add_member("r", "10.1.0.2", 0);
    router_.add_member("a", "10.1.0.2", 0);
    EXPECT_THAT(members("r"), ElementsAre("10.1.0.2 no-way 0"));
    EXPECT_THAT(members("a"), ElementsAre("10.1.0.2 used 1024"));
    EXPECT_FALSE(router_.net.forwarding.groups().leads_by(groups().find("r"), Net::wan));
    EXPECT_EQ(groups().vrf_of("r", 0), red);
    EXPECT_EQ(groups().vrf_of("r", Net::lan), interface::default_vrf);
    // As where an interface of red has the network.
    listen();
    auto& fib = router_.net.fibs->of(red);
    ASSERT_TRUE(fib.add(prefix("10.1.0.0/24"), RouteSource::address,
                        {ip4::Via::Kind::connected, Net::lan, {}})
                    .ok());
    EXPECT_THAT(told(), ElementsAre("changed r 10.1.0.2 unresolved 1"));
    router_.net.next_hops->acquire(Net::lan, ip("10.1.0.2"));
    router_.resolve("10.1.0.2");
    EXPECT_THAT(told(), ElementsAre("changed r 10.1.0.2 used 1"));
    EXPECT_TRUE(router_.net.forwarding.groups().leads_by(groups().find("r"), Net::lan));
    EXPECT_NE(paths("r"), paths("a"));
    router_.lose("10.1.0.2");
    EXPECT_THAT(members("r"), ElementsAre("10.1.0.2 unresolved 0"));
    EXPECT_THAT(members("a"), ElementsAre("10.1.0.2 used 1024"));
    router_.net.next_hops->release(Net::lan, ip("10.1.0.2"));
    ASSERT_TRUE(groups().remove_member("r", 0, ip("10.1.0.2")).ok());
    EXPECT_THAT(members("r"), IsEmpty());
}

TEST_F(GroupsTest, TellWhichOfThemLeadsToAnAddress) {
    constexpr interface::Vrf red = 1;
    router_.net.fibs->make(red);
    ASSERT_TRUE(groups().add("r", red).ok());
    router_.add_member("a", "10.0.0.2");
    router_.add_member("r", "10.0.0.2", 0);
    const auto of_vrf = [&](interface::Vrf wanted) {
        return groups().leading_to(ip("10.0.0.2"),
                                   [wanted](auto, interface::Vrf vrf) { return vrf == wanted; });
    };
    EXPECT_EQ(of_vrf(interface::default_vrf), "a");
    EXPECT_EQ(of_vrf(red), "r");
    EXPECT_EQ(of_vrf(2), std::nullopt);
    listen();
    router_.net.interfaces.set_vrf(Net::lan, 2);
    EXPECT_THAT(told(), ElementsAre("changed a 10.0.0.2 used 1"));
    EXPECT_EQ(of_vrf(interface::default_vrf), std::nullopt);
    EXPECT_EQ(of_vrf(2), "a");
    router_.net.interfaces.set_vrf(Net::lan, interface::default_vrf);
    EXPECT_EQ(groups().leading_to(ip("10.0.0.3"), [](auto, auto) { return true; }), std::nullopt);
}

}  // namespace
}  // namespace vnet::fib
