// SPDX-License-Identifier: Apache-2.0
#include "plugins/geneve/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/wire/testing/hex.hpp"

namespace geneve {
namespace {

using ::testing::HasSubstr;
using vnet::wire::testing::from_hex;

std::string refusal(const std::string& text) {
    const auto options = Options::parse(text);
    EXPECT_FALSE(options.ok()) << text;
    return std::string(options.status().message());
}

TEST(GeneveOptions, AreWrittenAsRfc8926Says) {
    const auto options = *Options::parse("0102:80:deadbeef,0103:01:,ffff:7f:0000000100000002");
    EXPECT_EQ(options.bytes(),
              from_hex("0102 80 01 deadbeef 0103 01 00 ffff 7f 02 00000001 00000002"));
    EXPECT_TRUE(options.has_critical());
    EXPECT_FALSE(options.mark_offset());
    EXPECT_FALSE(Options::parse("1:1:00000000")->has_critical());
}

TEST(GeneveOptions, OneStandsForTheMark) {
    const auto options = *Options::parse("0102:01:00000000,0103:02:mark");
    EXPECT_EQ(options.mark_offset(), 12U);
    EXPECT_EQ(options.see(from_hex("0103 02 01 002bcdef")).mark, 0x2bcdefU);
    EXPECT_EQ(options.see(from_hex("0103 03 01 00abcdef")).mark, std::nullopt);
    // A mark has 23 bits.
    EXPECT_EQ(options.see(from_hex("0103 02 01 007fffff")).mark, 0x7fffffU);
    EXPECT_EQ(options.see(from_hex("0103 02 01 007fffff")).fault, Options::Fault::none);
    EXPECT_EQ(options.see(from_hex("0103 02 01 00800000")).fault, Options::Fault::malformed);
    EXPECT_EQ(options.see(from_hex("0103 02 01 80000000")).fault, Options::Fault::malformed);
    // One without data.
    EXPECT_EQ(options.see(from_hex("0103 02 00")).mark, std::nullopt);
}

TEST(GeneveOptions, HonourWhatIsCritical) {
    const auto options = *Options::parse("0102:81:known");
    EXPECT_TRUE(options.bytes().empty());
    EXPECT_FALSE(options.has_critical());
    using Fault = Options::Fault;
    EXPECT_EQ(options.see({}).fault, Fault::none);
    EXPECT_EQ(options.see(from_hex("0102 81 01 00000000")).fault, Fault::none);
    EXPECT_EQ(options.see(from_hex("0102 82 00")).fault, Fault::unknown_critical);
    EXPECT_EQ(options.see(from_hex("0102 02 00")).fault, Fault::none);
    EXPECT_EQ(Options().see(from_hex("0102 81 00")).fault, Fault::unknown_critical);
    EXPECT_EQ(options.see(from_hex("0102 01 02 00000000")).fault, Fault::malformed);
    EXPECT_EQ(options.see(from_hex("0102 01")).fault, Fault::malformed);
}

TEST(GeneveOptions, RefuseInASentence) {
    for (const char* text :
         {"", "0102", "0102:01", "0102:01:00:00", "g:01:00000000", "10000:01:00000000",
          "0102:100:00000000", "0102:01:000000", "0102:01:0000000g", ":01:00000000",
          "0102:01:marks", "0102:01:known,"}) {
        EXPECT_THAT(refusal(text), HasSubstr("is no option; give CLASS:TYPE:DATA")) << text;
    }
    EXPECT_THAT(refusal("0102:01:mark,0102:02:mark"), HasSubstr("two options have the mark"));
    EXPECT_THAT(refusal("0102:01:known,102:1:mark"), HasSubstr("is there twice"));
    EXPECT_THAT(refusal("0102:01:" + std::string(120, '0')),
                HasSubstr("have 64 bytes with their headers; there is room for 40"));
    EXPECT_THAT(refusal("0102:01:" + std::string(80, '0')),
                HasSubstr("have 44 bytes with their headers; there is room for 40"));
    EXPECT_TRUE(Options::parse("0102:01:" + std::string(72, '0')).ok());
}

}  // namespace
}  // namespace geneve
