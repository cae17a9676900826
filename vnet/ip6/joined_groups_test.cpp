// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/joined_groups.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "vnet/ip6/testing/net.hpp"

namespace vnet::ip6 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Net;
using wire::testing::ip6;
using wire::testing::prefix6;

class JoinedGroupsTest : public ::testing::Test {
protected:
    JoinedGroupsTest() {
        net_.add_input();
        net_.start();
        groups_ = net_.more.groups.get();
    }
    std::vector<std::string> on(interface::Index interface) const {
        std::vector<std::string> all;
        if (const auto found = groups_->all().find(interface); found != groups_->all().end()) {
            for (const auto& [group, listeners] : found->second) {
                EXPECT_TRUE(groups_->has(interface, group)) << group;
                all.push_back(group.to_string());
            }
        }
        return all;
    }

    Net net_;
    JoinedGroups* groups_ = nullptr;
};

TEST_F(JoinedGroupsTest, FollowFromAddresses) {
    EXPECT_THAT(on(Net::lan),
                ElementsAre("ff02::1", "ff02::2", "ff02::1:ff00:1", "ff02::1:ff00:a1", "ff05::2"));
    EXPECT_THAT(on(Net::wan),
                ElementsAre("ff02::1", "ff02::2", "ff02::1:ff00:1", "ff02::1:ff00:a2", "ff05::2"));
    EXPECT_FALSE(groups_->has(Net::lan, ip6("ff02::1:ff00:a2"))) << "that is wan's";
    EXPECT_FALSE(groups_->has(Net::lan, ip6("ff02::16")));
    for (const interface::Index odd :
         {interface::Index(0), interface::Index(3), interface::Index(graph::max_interfaces),
          interface::Index(graph::no_interface)}) {
        EXPECT_FALSE(groups_->has(odd, ip6("ff02::1")));
    }
}

TEST_F(JoinedGroupsTest, ATentativeAddressIsAskedForInItsGroup) {
    ASSERT_TRUE(net_.addresses->add("lan", prefix6("2001:db8::77/64")).ok());
    ASSERT_TRUE(net_.addresses->is_tentative(Net::lan, ip6("2001:db8::77")));
    EXPECT_TRUE(groups_->has(Net::lan, ip6("ff02::1:ff00:77")));
}

TEST_F(JoinedGroupsTest, AGroupIsLeftWithTheLastAddressThatNeedsIt) {
    ASSERT_TRUE(net_.addresses->add("lan", prefix6("2001:db8:5::1/64")).ok());
    ASSERT_TRUE(net_.addresses->remove("lan", prefix6("2001:db8::1/64")).ok());
    EXPECT_TRUE(groups_->has(Net::lan, ip6("ff02::1:ff00:1")));
    ASSERT_TRUE(net_.addresses->remove("lan", prefix6("2001:db8:5::1/64")).ok());
    EXPECT_THAT(on(Net::lan), IsEmpty()) << "IPv6 is no longer enabled there";
    EXPECT_FALSE(groups_->has(Net::lan, ip6("ff02::1")));
    EXPECT_TRUE(groups_->has(Net::wan, ip6("ff02::1")));
    ASSERT_TRUE(net_.addresses->add("lan", prefix6("2001:db8::1/64")).ok());
    EXPECT_TRUE(groups_->has(Net::lan, ip6("ff02::2")));
}

TEST_F(JoinedGroupsTest, AnInterfaceTakesItsGroupsWithIt) {
    ASSERT_TRUE(net_.interfaces.remove("lan").ok());
    EXPECT_THAT(on(Net::lan), IsEmpty());
}

TEST_F(JoinedGroupsTest, WhoJoinsIsCounted) {
    // Told of what goes behind the test, too.
    const auto told = std::make_shared<std::vector<std::string>>();
    groups_->observe([told](interface::Index interface, wire::Ip6Address group, bool joined) {
        told->push_back(fmt::format("{} {} {}", interface, group, joined ? "joined" : "left"));
    });
    const wire::Ip6Address ospf = ip6("ff02::5");
    groups_->leave(Net::lan, ospf);
    groups_->leave(9, ospf);
    groups_->join(Net::lan, ospf);
    groups_->join(Net::lan, ospf);
    groups_->leave(Net::lan, ospf);
    EXPECT_TRUE(groups_->has(Net::lan, ospf));
    EXPECT_FALSE(groups_->has(Net::wan, ospf));
    groups_->leave(Net::lan, ospf);
    EXPECT_FALSE(groups_->has(Net::lan, ospf));
    EXPECT_THAT(*told, ElementsAre("1 ff02::5 joined", "1 ff02::5 left"));
}

}  // namespace
}  // namespace vnet::ip6
