// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/gre.hpp"

#include <gtest/gtest.h>

#include <string>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

TEST(Gre, ReadsWhatTheBitsSay) {
    struct Row {
        const char* bytes;
        std::size_t length;
        std::optional<std::uint32_t> key;
        std::optional<std::uint32_t> sequence;
    };
    const Row rows[] = {
        {"0000 0800", 4, std::nullopt, std::nullopt},
        {"2000 0800 00000007", 8, 7, std::nullopt},
        {"1000 0800 0000000b", 8, std::nullopt, 11},
        {"3000 0800 ffffffff 0000000b 45", 12, 0xffff'ffff, 11},
        // Bits that mean nothing yet are not looked at.
        {"03f8 0800", 4, std::nullopt, std::nullopt},
    };
    for (const Row& row : rows) {
        const auto [fields, fault] = read_gre(testing::from_hex(row.bytes));
        EXPECT_EQ(fault, GreFault::none) << row.bytes;
        EXPECT_EQ(fields.length, row.length) << row.bytes;
        EXPECT_EQ(fields.protocol, 0x0800) << row.bytes;
        EXPECT_EQ(fields.key, row.key) << row.bytes;
        EXPECT_EQ(fields.sequence, row.sequence) << row.bytes;
    }
}

TEST(Gre, ReadsAllThatIsOptional) {
    const auto bytes = testing::from_hex("b000 6558 0000 0000 00000001 00000002 0102030405");
    const auto [fields, fault] = read_gre(bytes);
    EXPECT_EQ(fault, GreFault::none);
    EXPECT_EQ(fields.length, 16u);
    EXPECT_EQ(fields.protocol, 0x6558);
    EXPECT_EQ(fields.key, 1u);
    EXPECT_EQ(fields.sequence, 2u);
    EXPECT_TRUE(fields.has_checksum);
    EXPECT_FALSE(read_gre(testing::from_hex("0000 0800")).fields.has_checksum);
}

TEST(Gre, RefusesByName) {
    for (const auto& [bytes, fault] :
         {std::pair("", GreFault::truncated), std::pair("0000 08", GreFault::truncated),
          std::pair("2000 0800 000000", GreFault::truncated),
          std::pair("b000 0800 0000 0000 00000001 000000", GreFault::truncated),
          std::pair("0001 880b", GreFault::version), std::pair("0007 0800", GreFault::version),
          std::pair("4000 0800", GreFault::source_routing),
          std::pair("0800 0800", GreFault::source_routing),
          std::pair("0400 0800", GreFault::source_routing)}) {
        EXPECT_EQ(read_gre(testing::from_hex(bytes)).fault, fault) << bytes;
    }
}

}  // namespace
}  // namespace vnet::wire
