// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip4.hpp"

#include <absl/hash/hash_testing.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unordered_set>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using ::testing::HasSubstr;
using testing::ip;
using testing::prefix;

static_assert(Ip4Address(192, 0, 2, 1).value() == 0xc0000201);
static_assert(Ip4Address(0xc0000201U) == Ip4Address(Be32(0xc0000201)));
static_assert(!std::is_convertible_v<std::uint32_t, Ip4Address>);
static_assert(!std::is_convertible_v<Be32, Ip4Address>);

TEST(Ip4Address, Classes) {
    const struct {
        const char* text;
        bool zero_network, loopback, link_local, is_private, multicast, class_e, source,
            destination;
    } cases[] = {
        {"0.0.0.0", true, false, false, false, false, false, false, false},
        {"0.255.255.255", true, false, false, false, false, false, false, false},
        {"1.0.0.0", false, false, false, false, false, false, true, true},
        {"9.255.255.255", false, false, false, false, false, false, true, true},
        {"10.0.0.0", false, false, false, true, false, false, true, true},
        {"11.0.0.0", false, false, false, false, false, false, true, true},
        {"126.255.255.255", false, false, false, false, false, false, true, true},
        {"127.0.0.0", false, true, false, false, false, false, false, false},
        {"127.255.255.255", false, true, false, false, false, false, false, false},
        {"128.0.0.0", false, false, false, false, false, false, true, true},
        {"169.253.255.255", false, false, false, false, false, false, true, true},
        {"169.254.0.0", false, false, true, false, false, false, true, true},
        {"169.255.0.0", false, false, false, false, false, false, true, true},
        {"172.15.255.255", false, false, false, false, false, false, true, true},
        {"172.16.0.0", false, false, false, true, false, false, true, true},
        {"172.31.255.255", false, false, false, true, false, false, true, true},
        {"172.32.0.0", false, false, false, false, false, false, true, true},
        {"192.168.255.255", false, false, false, true, false, false, true, true},
        {"223.255.255.255", false, false, false, false, false, false, true, true},
        {"224.0.0.0", false, false, false, false, true, false, false, true},
        {"239.255.255.255", false, false, false, false, true, false, false, true},
        {"240.0.0.0", false, false, false, false, false, true, false, false},
        {"255.255.255.254", false, false, false, false, false, true, false, false},
        {"255.255.255.255", false, false, false, false, false, true, false, true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.text);
        const Ip4Address address = ip(c.text);
        EXPECT_EQ(address.is_zero_network(), c.zero_network);
        EXPECT_EQ(address.is_loopback(), c.loopback);
        EXPECT_EQ(address.is_link_local(), c.link_local);
        EXPECT_EQ(address.is_private(), c.is_private);
        EXPECT_EQ(address.is_multicast(), c.multicast);
        EXPECT_EQ(address.is_class_e(), c.class_e);
        EXPECT_EQ(address.valid_source(), c.source);
        EXPECT_EQ(address.valid_destination(), c.destination);
        EXPECT_EQ(address.to_string(), c.text);
    }
    EXPECT_TRUE(ip("255.255.255.255").is_limited_broadcast());
    EXPECT_FALSE(ip("255.255.255.254").is_limited_broadcast());
    EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
    EXPECT_TRUE(ip("224.0.0.255").is_local_multicast());
    EXPECT_FALSE(ip("224.0.1.0").is_local_multicast());
}

TEST(Ip4Address, RefusesWithASentence) {
    const struct {
        std::string_view text;
        std::string_view problem;
    } cases[] = {
        {"", "the first number is missing"},
        {"300.1.1.1", "\"300.1.1.1\" is not an IPv4 address: the first number is over 255"},
        {"1.1.1.256", "the fourth number is over 255"},
        {"1.1.1.99999999999999999999", "the fourth number is over 255"},
        {"01.1.1.1", "the first number has a leading zero"},
        {"1.00.1.1", "the second number has a leading zero"},
        {"1.2.3", "the fourth number is missing"},
        {"1.2.3.", "the fourth number is missing"},
        {"1..3.4", "the second number is not a decimal number"},
        {"1.2.3.4.5", "\".5\" follows the fourth number"},
        {"1.2.3.4 ", "\" \" follows the fourth number"},
        {" 1.2.3.4", "the first number is not a decimal number"},
        {"-1.2.3.4", "the first number is not a decimal number"},
        {"1.2x.3.4", "no dot follows the second number"},
        {"0x7f.0.0.1", "no dot follows the first number"},
        {"1.2.3.4/24", "\"/24\" follows the fourth number"},
        {std::string_view("1.2.3.4\0", 8), "follows the fourth number"},
    };
    for (const auto& [text, problem] : cases) {
        const auto parsed = Ip4Address::parse(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(std::string(problem)));
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("such as 192.0.2.1"));
    }
}

TEST(Ip4Address, OrderHashAndFormat) {
    EXPECT_LT(ip("1.2.3.4"), ip("1.2.4.3"));
    EXPECT_LT(ip("9.0.0.0"), ip("10.0.0.0"));
    EXPECT_EQ(fmt::format("{:<10}|", ip("1.2.3.4")), "1.2.3.4   |");
    EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
        {Ip4Address(), ip("1.2.3.4"), ip("4.3.2.1"), ip("255.255.255.255")}));
    const std::unordered_set<Ip4Address> set = {ip("1.2.3.4"), ip("1.2.3.4"), ip("1.2.3.5")};
    EXPECT_EQ(set.size(), 2U);
}

TEST(Ip4Prefix, EveryLength) {
    const Ip4Address address = ip("203.0.113.77");
    for (std::uint8_t length = 0; length <= 32; ++length) {
        SCOPED_TRACE(length);
        const Ip4Prefix p(address, length);
        std::uint32_t mask = 0;
        for (int bit = 0; bit < length; ++bit) {
            mask |= 0x80000000U >> bit;
        }
        EXPECT_EQ(p.mask().value(), mask);
        EXPECT_EQ(p.first().value(), address.value() & mask);
        EXPECT_EQ(p.last().value(), address.value() | ~mask);
        EXPECT_TRUE(p.contains(p.first()) && p.contains(p.last()) && p.contains(address));
        EXPECT_EQ(p.contains(Ip4Address(p.last().value() + 1)), length == 0);
        EXPECT_EQ(p.contains(Ip4Address(p.first().value() - 1)), length == 0);
        EXPECT_TRUE(p.normalised().is_normalised());
        EXPECT_EQ(prefix(p.to_string()), p);
    }
}

TEST(Ip4Prefix, HoldsHostBitsUntilNormalised) {
    const Ip4Prefix p = prefix("10.1.2.3/24");
    EXPECT_EQ(p.address(), ip("10.1.2.3"));
    EXPECT_FALSE(p.is_normalised());
    EXPECT_EQ(p.normalised(), prefix("10.1.2.0/24"));
    EXPECT_NE(p, p.normalised());
}

TEST(Ip4Prefix, ContainsPrefixes) {
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
    EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.0.0.0/8")));
    EXPECT_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
    EXPECT_FALSE(prefix("10.0.0.0/8").contains(prefix("11.0.0.0/9")));
    EXPECT_TRUE(Ip4Prefix().contains(prefix("255.255.255.255/32")));
}

TEST(Ip4Prefix, BroadcastAndHosts) {
    const Ip4Prefix p = prefix("192.0.2.0/30");
    EXPECT_EQ(p.broadcast(), ip("192.0.2.3"));
    EXPECT_TRUE(p.is_broadcast(ip("192.0.2.3")));
    EXPECT_TRUE(p.is_network_address(ip("192.0.2.0")));
    EXPECT_TRUE(p.is_host(ip("192.0.2.1")) && p.is_host(ip("192.0.2.2")));
    EXPECT_FALSE(p.is_host(ip("192.0.2.0")) || p.is_host(ip("192.0.2.3")));
    EXPECT_FALSE(p.is_host(ip("192.0.2.4")));
}

TEST(Ip4Prefix, PointToPointHasNoBroadcast) {
    const Ip4Prefix p = prefix("192.0.2.0/31");
    EXPECT_EQ(p.broadcast(), std::nullopt);
    EXPECT_TRUE(p.is_host(ip("192.0.2.0")) && p.is_host(ip("192.0.2.1")));
    EXPECT_FALSE(p.is_broadcast(ip("192.0.2.1")) || p.is_network_address(ip("192.0.2.0")));
    EXPECT_TRUE(prefix("192.0.2.9/32").is_host(ip("192.0.2.9")));
    EXPECT_EQ(prefix("192.0.2.9/32").broadcast(), std::nullopt);
}

TEST(Ip4Prefix, RefusesWithASentence) {
    const struct {
        std::string_view text;
        std::string_view problem;
    } cases[] = {
        {"10.0.0.0", "it has no slash"},
        {"10.0.0.0/33", "the length is over 32"},
        {"10.0.0.0/08", "the length has a leading zero"},
        {"10.0.0.0/", "the length is missing"},
        {"10.0.0.0/+8", "the length is not a decimal number"},
        {"10.0.0.0/8 ", "\" \" follows the length"},
        {"10.0.0/8", "the fourth number is missing"},
        {"10.0.0.0/255.0.0.0", "the length is over 32"},
        {"10.0.0.0/8/8", "\"/8\" follows the length"},
    };
    for (const auto& [text, problem] : cases) {
        const auto parsed = Ip4Prefix::parse(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(std::string(problem)));
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("such as 192.0.2.0/24"));
    }
    EXPECT_THAT(std::string(Ip4Prefix::make(ip("1.2.3.4"), 40).status().message()),
                HasSubstr("\"1.2.3.4/40\" is not an IPv4 prefix: the length is over 32"));
    EXPECT_EQ(*Ip4Prefix::make(ip("1.2.3.4"), 32), prefix("1.2.3.4/32"));
}

TEST(Ip4Prefix, OrderAndHash) {
    EXPECT_LT(prefix("10.0.0.0/8"), prefix("10.0.0.0/16"));
    EXPECT_LT(prefix("9.0.0.0/32"), prefix("10.0.0.0/8"));
    EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
        {Ip4Prefix(), prefix("10.0.0.0/8"), prefix("10.0.0.0/16"), prefix("0.0.0.0/32")}));
}

}  // namespace
}  // namespace vnet::wire
