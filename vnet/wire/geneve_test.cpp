// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/geneve.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

TEST(Geneve, Fields) {
    const auto bytes = testing::from_hex("03 c0 6558 123456 ff");
    const auto* header = view<GeneveHeader>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->version(), 0u);
    EXPECT_EQ(header->options_length(), 12u);
    EXPECT_EQ(header->length(), 20u);
    EXPECT_TRUE(header->is_control());
    EXPECT_TRUE(header->has_critical());
    EXPECT_EQ(header->protocol.value(), 0x6558);
    EXPECT_EQ(header->vni(), 0x123456u);
    const auto longest = testing::from_hex("ff 00 6558 000000 00");
    EXPECT_EQ(view<GeneveHeader>(longest)->version(), 3u);
    EXPECT_EQ(view<GeneveHeader>(longest)->options_length(), GeneveHeader::longest_options);
    EXPECT_FALSE(view<GeneveHeader>(longest)->has_critical());
}

TEST(Geneve, WalksTheOptions) {
    const auto bytes = testing::from_hex("0102 83 e1 aabbccdd  ffff 01 00");
    GeneveOptionsCursor options(bytes);
    const auto first = options.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->option_class, 0x0102);
    EXPECT_EQ(first->type, 0x83);
    EXPECT_TRUE(first->is_critical);
    EXPECT_EQ(std::vector(first->data.begin(), first->data.end()), testing::from_hex("aabbccdd"));
    const auto second = options.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->option_class, 0xffff);
    EXPECT_FALSE(second->is_critical);
    EXPECT_TRUE(second->data.empty());
    EXPECT_FALSE(options.next());
    EXPECT_FALSE(options.malformed());
}

TEST(Geneve, AnOptionThatIsLongerThanTheOptionsIsMalformed) {
    for (const char* text : {"0102 03", "0102 03 01", "0102 03 02 aabbccdd"}) {
        const auto bytes = testing::from_hex(text);
        GeneveOptionsCursor options(bytes);
        EXPECT_FALSE(options.next()) << text;
        EXPECT_TRUE(options.malformed()) << text;
        EXPECT_FALSE(options.next()) << text;
    }
}

}  // namespace
}  // namespace vnet::wire
