// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/udp.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

TEST(Udp, Fields) {
    const auto bytes = testing::from_hex("0035 1f90 0010 abcd");
    const auto* header = view<UdpHeader>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->source_port.value(), 53);
    EXPECT_EQ(header->destination_port.value(), 8080);
    EXPECT_EQ(header->length.value(), 16);
    EXPECT_TRUE(header->has_checksum());
}

TEST(Udp, LengthIsBetweenTheHeaderAndThePacket) {
    UdpHeader header;
    for (const auto& [length, fits] : {std::pair(0, false), std::pair(7, false), std::pair(8, true),
                                       std::pair(20, true), std::pair(21, false)}) {
        header.length = Be16(static_cast<std::uint16_t>(length));
        EXPECT_EQ(header.length_fits(20), fits) << length;
    }
    EXPECT_FALSE(header.has_checksum());
}

}  // namespace
}  // namespace vnet::wire
