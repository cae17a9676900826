// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/vxlan.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

TEST(Vxlan, Fields) {
    // Reserved bits are set, and not looked at.
    const auto bytes = testing::from_hex("0f00 0001 123456 ff");
    const auto* header = view<VxlanHeader>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_TRUE(header->has_vni());
    EXPECT_EQ(header->vni(), 0x123456u);
    const auto without = testing::from_hex("f700 0000 123456 00");
    EXPECT_FALSE(view<VxlanHeader>(without)->has_vni());
}

TEST(Vxlan, IsMadeWithTheReservedBitsZero) {
    const auto header = VxlanHeader::make(highest_vni);
    const auto bytes = bytes_of(header);
    EXPECT_EQ(std::vector(bytes.begin(), bytes.end()), testing::from_hex("0800 0000 ffffff 00"));
}

}  // namespace
}  // namespace vnet::wire
