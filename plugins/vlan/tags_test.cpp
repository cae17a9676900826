// SPDX-License-Identifier: Apache-2.0
#include "plugins/vlan/tags.hpp"

#include <gmock/gmock.h>

namespace vlan {
namespace {

using ::testing::HasSubstr;

const Tag ten{EtherType::vlan, 10};
const Tag provider_ten{EtherType::qinq, 10};

struct TagsTest : ::testing::Test {
    graph::Rcu rcu{1};
    Tags tags{rcu};
};

TEST_F(TagsTest, GivesATagToOneInterface) {
    EXPECT_EQ(tags.parent(1), nullptr);
    EXPECT_TRUE(tags.add(1, ten, 7));
    EXPECT_FALSE(tags.add(1, ten, 8));
    ASSERT_NE(tags.parent(1), nullptr);
    EXPECT_EQ(tags.parent(1)->exact(ten), 7U);
    EXPECT_EQ(tags.find(1, ten), 7U);
    EXPECT_EQ(tags.parent(2), nullptr);
}

TEST_F(TagsTest, KeepsTheKindsOfTagsApart) {
    tags.add(1, ten, 7);
    EXPECT_EQ(tags.parent(1)->exact(provider_ten), 0U);
    EXPECT_TRUE(tags.add(1, provider_ten, 8));
    EXPECT_EQ(tags.parent(1)->exact(ten), 7U);
    EXPECT_EQ(tags.parent(1)->exact(provider_ten), 8U);
}

TEST_F(TagsTest, KnowsWhoTakesInTheRest) {
    EXPECT_TRUE(tags.add(1, std::nullopt, 9));
    EXPECT_FALSE(tags.add(1, std::nullopt, 10));
    EXPECT_EQ(tags.parent(1)->rest(), 9U);
    EXPECT_EQ(tags.parent(1)->exact(ten), 0U);
}

TEST_F(TagsTest, ForgetsAParentWithItsLastTag) {
    tags.add(1, ten, 7);
    tags.add(1, std::nullopt, 9);
    tags.remove(1, ten);
    tags.remove(1, ten);
    ASSERT_NE(tags.parent(1), nullptr);
    EXPECT_EQ(tags.parent(1)->exact(ten), 0U);
    tags.remove(1, std::nullopt);
    EXPECT_EQ(tags.parent(1), nullptr);
    EXPECT_TRUE(tags.add(1, ten, 8));
}

TEST_F(TagsTest, HasNoParentBeyondTheLastInterface) {
    EXPECT_EQ(tags.parent(graph::no_interface), nullptr);
}

TEST(MakeTag, RefusesWhatIsNoVlan) {
    EXPECT_EQ(*make_tag(EtherType::qinq, 4094), (Tag{EtherType::qinq, 4094}));
    for (const uint32_t id : {0U, 4095U, 65537U, 0xffff'ffffU}) {
        const auto tag = make_tag(EtherType::vlan, id);
        ASSERT_FALSE(tag.ok()) << id;
        EXPECT_EQ(std::string(tag.status().message()),
                  std::to_string(id) + " is not a VLAN; give 1 to 4094");
    }
}

}  // namespace
}  // namespace vlan
