// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/groups.hpp"

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
    auto& told = told_;
    groups().observe([&told](const std::string& group, const auto& member) {
        told.push_back(group + " " + member.next_hop.to_string() + " " +
                       std::string(name(member.state)));
    });
    router_.add_member("a", "10.0.0.2");
    router_.add_member("b", "10.0.0.2");
    router_.add_member("b", "10.0.0.3");
    router_.lose("10.0.0.2");
    EXPECT_THAT(told, ElementsAre("a 10.0.0.2 used", "b 10.0.0.2 used", "a 10.0.0.2 unresolved",
                                  "b 10.0.0.2 unresolved"));
}

}  // namespace
}  // namespace vnet::fib
