// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ethernet.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::from_hex;

TEST(Ethernet, FieldsOfAFrame) {
    const auto bytes = from_hex("ff ff ff ff ff ff  02 00 00 00 00 01  08 06");
    const auto* header = view<EthernetHeader>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_TRUE(header->destination.is_broadcast());
    EXPECT_EQ(header->source, testing::mac("02:00:00:00:00:01"));
    EXPECT_EQ(header->ether_type(), EtherType::arp);
    EXPECT_FALSE(header->is_llc());
}

TEST(Ethernet, LengthsAreNotTypes) {
    EthernetHeader header;
    header.type = Be16(0x05ff);
    EXPECT_TRUE(header.is_llc());
    header.type = Be16(0x0600);
    EXPECT_FALSE(header.is_llc());
}

TEST(Vlan, FieldsOfATag) {
    const auto bytes = from_hex("b0 64 08 00");
    const auto* tag = view<VlanTag>(bytes);
    ASSERT_NE(tag, nullptr);
    EXPECT_EQ(tag->id(), 100);
    EXPECT_EQ(tag->priority(), 5);
    EXPECT_TRUE(tag->drop_eligible());
    EXPECT_EQ(tag->ether_type(), EtherType::ip4);
    EXPECT_EQ(VlanTag::make_control(100, 5, true), tag->control);
}

TEST(Vlan, SetIdKeepsTheRest) {
    VlanTag tag{VlanTag::make_control(100, 5, true), {}};
    tag.set_id(0x1fff);
    EXPECT_EQ(tag.id(), 0xfff);
    EXPECT_EQ(tag.priority(), 5);
    EXPECT_TRUE(tag.drop_eligible());
}

TEST(EtherType, HasAWordOrNone) {
    EXPECT_EQ(name(EtherType::ip4), "ip4");
    EXPECT_EQ(name(static_cast<EtherType>(0x9999)), "");
}

}  // namespace
}  // namespace vnet::wire
