// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace qos {
namespace {

using ::testing::HasSubstr;

constexpr uint8_t yellow = 1 << 6;
constexpr uint8_t red = 2 << 6;

Values read(MapKind kind, const std::vector<std::string>& entries) {
    const auto values = read_map(kind, entries);
    EXPECT_TRUE(values.ok()) << values.status();
    return values.value_or(Values());
}
std::string refusal(MapKind kind, const std::string& entry) {
    return std::string(read_map(kind, std::vector{entry}).status().message());
}

TEST(Map, UsualValuesFollowTheNumbers) {
    const Values in = usual(MapKind::dscp_to_class);
    EXPECT_EQ(in[0], 0);
    EXPECT_EQ(in[46], 46);
    // AF11, AF12, AF13; AF43.
    EXPECT_EQ(in[10], 10);
    EXPECT_EQ(in[12], 12 | yellow);
    EXPECT_EQ(in[14], 14 | red);
    EXPECT_EQ(in[38], 38 | red);
    // Class selectors, and what is no assured forwarding.
    EXPECT_EQ(in[8], 8);
    EXPECT_EQ(in[13], 13);
    EXPECT_EQ(in[44], 44);
    EXPECT_EQ(usual(MapKind::priority_to_class)[5], 40);
    EXPECT_EQ(usual(MapKind::class_to_dscp)[46], 46);
    EXPECT_EQ(usual(MapKind::class_to_priority)[46], 5);
}

TEST(Map, EntriesStandInTheirPlace) {
    const Values in = read(MapKind::dscp_to_class, {"46=5", "8-15=1", "10=2:yellow", "63=0:red"});
    EXPECT_EQ(in[46], 5);
    EXPECT_EQ(in[8], 1);
    EXPECT_EQ(in[10], 2 | yellow);
    EXPECT_EQ(in[15], 1);
    EXPECT_EQ(in[16], 16);
    EXPECT_EQ(in[63], red);
    const Values out = read(MapKind::class_to_priority, {"0-63=3", "5=7"});
    EXPECT_EQ(out[5], 7);
    EXPECT_EQ(out[63], 3);
    EXPECT_EQ(read(MapKind::priority_to_class, {"7=63:green"})[7], 63);
}

TEST(Map, RefusesInASentence) {
    EXPECT_EQ(refusal(MapKind::dscp_to_class, "64=1"),
              "'64=1' is no entry of a map dscp-to-class; give 0 to 63, or the first and the last "
              "of several, and what becomes of them, 0 to 63: '1-3=2', with a colour "
              "'1-3=2:yellow'");
    EXPECT_EQ(refusal(MapKind::class_to_priority, "1=8"),
              "'1=8' is no entry of a map class-to-priority; give 0 to 63, or the first and the "
              "last of several, and what becomes of them, 0 to 7: '1-3=2'");
    for (const char* entry : {"", "=", "1", "1=", "=1", "1-=1", "-1=1", "3-1=1", "1=1:blue", "1=64",
                              "1=-1", "+1=1", "1= 1", "1=001", "1=1=1", "1:yellow=1"}) {
        EXPECT_THAT(refusal(MapKind::dscp_to_class, entry), HasSubstr("is no entry")) << entry;
    }
    EXPECT_THAT(refusal(MapKind::class_to_dscp, "1=1:red"), HasSubstr("is no entry"));
    EXPECT_THAT(refusal(MapKind::priority_to_class, "8=1"), HasSubstr("give 0 to 7,"));
}

}  // namespace
}  // namespace qos
