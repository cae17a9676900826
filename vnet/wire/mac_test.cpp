// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/mac.hpp"

#include <absl/hash/hash_testing.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <unordered_set>

namespace vnet::wire {
namespace {

using ::testing::HasSubstr;

constexpr MacAddress example({0x02, 0x00, 0x5e, 0x10, 0xab, 0x01});
static_assert(example.to_uint64() == 0x02005e10ab01);
static_assert(MacAddress::from_uint64(0x02005e10ab01) == example);
static_assert(MacAddress::from_uint64(0xffff'02005e10ab01) == example, "16 bits too many");

TEST(Mac, Classes) {
    EXPECT_TRUE(example.is_unicast());
    EXPECT_TRUE(example.is_locally_administered());
    EXPECT_FALSE(example.is_multicast());
    EXPECT_TRUE(MacAddress::broadcast().is_broadcast());
    EXPECT_TRUE(MacAddress::broadcast().is_multicast());
    EXPECT_FALSE(MacAddress::broadcast().is_unicast());
    EXPECT_TRUE(MacAddress().is_zero());
    EXPECT_FALSE(MacAddress().is_unicast());
    const auto group = MacAddress::from_uint64(0x01005e000001);
    EXPECT_TRUE(group.is_multicast());
    EXPECT_FALSE(group.is_broadcast());
}

TEST(Mac, TextBothWays) {
    const auto parsed = MacAddress::parse("02:00:5E:10:aB:01");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, example);
    EXPECT_EQ(example.to_string(), "02:00:5e:10:ab:01");
    EXPECT_EQ(fmt::format("[{:>20}]", example), "[   02:00:5e:10:ab:01]");
    std::ostringstream out;
    out << example;
    EXPECT_EQ(out.str(), "02:00:5e:10:ab:01");
}

TEST(Mac, RefusesWithASentence) {
    const struct {
        std::string_view text;
        std::string_view problem;
    } cases[] = {
        {"", "it has 0 characters, not 17"},
        {"02:00:5e:10:ab", "it has 14 characters, not 17"},
        {"02:00:5e:10:ab:011", "it has 18 characters, not 17"},
        {"02-00-5e-10-ab-01", "character 3 is not a colon"},
        {"02:00:5g:10:ab:01", "character 8 is not a hex digit"},
        {" 2:00:5e:10:ab:01", "character 1 is not a hex digit"},
        {"02:00:5e:10:ab:\n1", "character 16 is not a hex digit"},
    };
    for (const auto& [text, problem] : cases) {
        const auto parsed = MacAddress::parse(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(std::string(problem)));
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("such as 02:00:5e:10:00:01"));
    }
}

TEST(Mac, LongOrDirtyTextDoesNotSpoilTheSentence) {
    const auto parsed = MacAddress::parse(std::string(1000, '\x1b'));
    EXPECT_LT(parsed.status().message().size(), 500U);
    EXPECT_EQ(parsed.status().message().find('\x1b'), absl::string_view::npos);
}

TEST(Mac, OrderAndHash) {
    EXPECT_LT(MacAddress::from_uint64(0x01ff), MacAddress::from_uint64(0x0200));
    EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
        {MacAddress(), example, MacAddress::broadcast(), MacAddress::from_uint64(1)}));
    const std::unordered_set<MacAddress> set = {example, example, MacAddress()};
    EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace vnet::wire
