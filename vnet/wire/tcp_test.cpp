// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/tcp.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

TEST(Tcp, Fields) {
    const auto bytes =
        testing::from_hex("0050 c000 01020304 05060708 60 12 ffff 1234 0000 020405b4");
    const auto* header = view<TcpHeader>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->source_port.value(), 80);
    EXPECT_EQ(header->destination_port.value(), 0xc000);
    EXPECT_EQ(header->sequence.value(), 0x01020304U);
    EXPECT_EQ(header->acknowledgment.value(), 0x05060708U);
    EXPECT_EQ(header->data_offset(), 24U);
    EXPECT_EQ(header->flags(), TcpFlags::syn | TcpFlags::ack);
    EXPECT_TRUE(header->has(TcpFlags::syn | TcpFlags::ack));
    EXPECT_FALSE(header->has(TcpFlags::syn | TcpFlags::fin));
    EXPECT_EQ(header->window.value(), 0xffff);
}

TEST(Tcp, DataOffsetIsBetweenTheHeaderAndThePacket) {
    TcpHeader header;
    for (std::size_t bytes = 0; bytes <= 60; bytes += 4) {
        header.set_data_offset(bytes);
        EXPECT_EQ(header.data_offset(), bytes);
        EXPECT_EQ(header.data_offset_fits(40), bytes >= 20 && bytes <= 40);
    }
}

}  // namespace
}  // namespace vnet::wire
