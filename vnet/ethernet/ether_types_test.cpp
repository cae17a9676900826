// SPDX-License-Identifier: Apache-2.0
#include "vnet/ethernet/ether_types.hpp"

#include <gmock/gmock.h>

namespace vnet::ethernet {
namespace {

using ::testing::HasSubstr;

struct EtherTypesTest : ::testing::Test {
    graph::NodeId node(const std::string& name) {
        graph::NodeSpec spec;
        spec.name = name;
        return *graph.add(spec);
    }
    graph::Graph graph;
    EtherTypes types{graph};
};

TEST_F(EtherTypesTest, BeginsEmpty) {
    for (unsigned type = 0; type < 65536; ++type) {
        ASSERT_EQ(types.find(wire::EtherType(type)), graph::no_node);
    }
}

TEST_F(EtherTypesTest, GivesATypeToANodeAndTakesItBack) {
    const graph::NodeId id = node("mpls-input");
    ASSERT_TRUE(types.add(wire::EtherType::mpls, "mpls-input").ok());
    EXPECT_EQ(types.find(wire::EtherType::mpls), id);
    types.remove(wire::EtherType::mpls);
    EXPECT_EQ(types.find(wire::EtherType::mpls), graph::no_node);
    EXPECT_TRUE(types.add(wire::EtherType::mpls, "mpls-input").ok());
}

TEST_F(EtherTypesTest, TellsWhoTakesInFramesToAnyStation) {
    const graph::NodeId id = node("vlan-input");
    node("mpls-input");
    ASSERT_TRUE(types.add(wire::EtherType::vlan, "vlan-input", Destination::any).ok());
    ASSERT_TRUE(types.add(wire::EtherType::mpls, "mpls-input").ok());
    EXPECT_EQ(types.find(wire::EtherType::vlan), id);
    EXPECT_EQ(types.find_for_any(wire::EtherType::vlan), id);
    EXPECT_EQ(types.find_for_any(wire::EtherType::mpls), graph::no_node);
    EXPECT_EQ(types.find_for_any(wire::EtherType::lldp), graph::no_node);
}

TEST_F(EtherTypesTest, RefusesWhatIsTakenUnknownOrNoType) {
    node("mpls-input");
    ASSERT_TRUE(types.add(wire::EtherType::mpls, "mpls-input").ok());
    EXPECT_THAT(types.add(wire::EtherType::mpls, "mpls-input").message(),
                HasSubstr("belongs to node 'mpls-input'"));
    EXPECT_THAT(types.add(wire::EtherType::ip4, "mpls-input").message(),
                HasSubstr("belongs to node 'ip4-input'"));
    EXPECT_THAT(types.add(wire::EtherType::lldp, "lldp").message(), HasSubstr("no such node"));
    EXPECT_THAT(types.add(wire::EtherType(0x05dc), "mpls-input").message(),
                HasSubstr("0x05dc is a length"));
    EXPECT_EQ(types.find(wire::EtherType::lldp), graph::no_node);
}

}  // namespace
}  // namespace vnet::ethernet
