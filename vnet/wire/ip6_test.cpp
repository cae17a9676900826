// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip6.hpp"

#include <absl/hash/hash_testing.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <unordered_set>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using ::testing::HasSubstr;
using testing::ip6;
using testing::prefix6;

static_assert(Ip6Address(0x20010db800000000, 1).bytes()[0] == 0x20);
static_assert(Ip6Address(0x20010db800000000, 1).bytes()[15] == 1);
static_assert(Ip6Address(Ip6Address(1, 2).bytes()) == Ip6Address(1, 2));
static_assert(!std::is_convertible_v<Ip4Address, Ip6Address>);

TEST(Ip6Address, TextBothWays) {
    // What is read, and the one form in which it is written: RFC 5952 1, 2 and 4, RFC 4291 2.2.
    const struct {
        const char* read;
        const char* written;
    } cases[] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8::ABCD", "2001:db8::abcd"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
        {"2001:0db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"0:0:1:2:3:4:0:0", "::1:2:3:4:0:0"},
        {"ff02::1:ff00:0", "ff02::1:ff00:0"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"::FFFF:c000:0201", "::ffff:192.0.2.1"},
        {"::13.1.68.3", "::d01:4403"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (const auto& [read, written] : cases) {
        const auto address = Ip6Address::parse(read);
        ASSERT_TRUE(address.ok()) << address.status();
        EXPECT_EQ(address->to_string(), written) << read;
        EXPECT_EQ(ip6(written), *address) << written;
    }
}

TEST(Ip6Address, RefusesWithASentence) {
    const struct {
        std::string_view text;
        std::string_view problem;
    } cases[] = {
        {"", "it is empty"},
        {":", "it begins with a single colon"},
        {":1::2", "it begins with a single colon"},
        {"1:", "it ends with a single colon"},
        {"1::2:", "it ends with a single colon"},
        {":::", "\":\" is no group of hex digits"},
        {"1:::2", "\":2\" is no group of hex digits"},
        {"1::2::3", "\"::\" twice"},
        {"1:2:3:4:5:6:7", "it has 7 of 8 groups"},
        {"1:2:3:4:5:6:7:8:9", "more than 8 groups"},
        {"1:2:3:4::5:6:7:8", "\"::\" stands for no group"},
        {"::1:2:3:4:5:6:7:8", "\"::\" stands for no group"},
        {"12345::", "a group of more than 4 digits"},
        {"00001::", "a group of more than 4 digits"},
        {"g::", "\"g::\" is no group of hex digits"},
        {"1::x", "\"x\" is no group of hex digits"},
        {"::1 ", "\" \" follows a group"},
        {" ::1", "is no group of hex digits"},
        {"::1/64", "\"/64\" follows a group"},
        {"fe80::1%eth0", "a zone is named by the interface"},
        {"192.0.2.1", "it has 2 of 8 groups"},
        {"::1.2.3", "its end \"1.2.3\" is no IPv4 address"},
        {"::1.2.3.256", "is no IPv4 address"},
        {"::1.2.3.4:5", "is no IPv4 address"},
        {"1:2:3:4:5:6:7:1.2.3.4", "of which the IPv4 address is two"},
        {std::string_view("::1\0", 4), "follows a group"},
    };
    for (const auto& [text, problem] : cases) {
        const auto parsed = Ip6Address::parse(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(std::string(problem)));
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("such as 2001:db8::1"));
    }
}

TEST(Ip6Address, TextAgreesWithTheSystem) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        // Many zeros, so that runs of them come about.
        std::array<std::uint8_t, 16> bytes{};
        for (std::size_t group = 0; group < 8; ++group) {
            if (random() % 2 == 0) {
                bytes[group * 2] = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
                bytes[group * 2 + 1] = static_cast<std::uint8_t>(random());
            }
        }
        const Ip6Address address(bytes);
        const std::string text = address.to_string();
        in6_addr read{};
        ASSERT_EQ(inet_pton(AF_INET6, text.c_str(), &read), 1) << text;
        EXPECT_EQ(std::memcmp(&read, bytes.data(), 16), 0) << text;
        EXPECT_EQ(ip6(text), address);
        char theirs[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, bytes.data(), theirs, sizeof theirs);
        EXPECT_EQ(ip6(theirs), address) << theirs;
        // It writes the old IPv4-compatible addresses with dots.
        if (address.high() != 0 || address.low() >> 32 != 0) {
            EXPECT_EQ(text, theirs);
        }
    }
}

TEST(Ip6Address, Classes) {
    const struct {
        const char* text;
        bool link_local, unique_local, multicast, source, destination;
    } cases[] = {
        {"::", false, false, false, false, false},
        {"::1", false, false, false, false, false},
        {"::2", false, false, false, true, true},
        {"::fffe:ffff:ffff", false, false, false, true, true},
        {"::ffff:0:0", false, false, false, false, false},
        {"::ffff:255.255.255.255", false, false, false, false, false},
        {"::1:0:0:0", false, false, false, true, true},
        {"2001:db8::1", false, false, false, true, true},
        {"fbff:ffff::", false, false, false, true, true},
        {"fc00::", false, true, false, true, true},
        {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true, false, true, true},
        {"fe00::", false, false, false, true, true},
        {"fe7f:ffff::", false, false, false, true, true},
        {"fe80::", true, false, false, true, true},
        {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, false, false, true, true},
        {"fec0::", false, false, false, true, true},
        {"feff:ffff::", false, false, false, true, true},
        {"ff00::", false, false, true, false, false},
        {"ff01::1", false, false, true, false, false},
        {"ff02::1", false, false, true, false, true},
        {"ff0e::1", false, false, true, false, true},
        {"ffff::", false, false, true, false, true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.text);
        const Ip6Address address = ip6(c.text);
        EXPECT_EQ(address.is_link_local(), c.link_local);
        EXPECT_EQ(address.is_unique_local(), c.unique_local);
        EXPECT_EQ(address.is_multicast(), c.multicast);
        EXPECT_EQ(address.valid_source(), c.source);
        EXPECT_EQ(address.valid_destination(), c.destination);
    }
    EXPECT_TRUE(Ip6Address().is_unspecified());
    EXPECT_FALSE(ip6("::1").is_unspecified());
    EXPECT_FALSE(ip6("1::").is_unspecified());
    EXPECT_TRUE(ip6("::1").is_loopback());
    EXPECT_TRUE(ip6("::ffff:1.2.3.4").is_ip4_mapped());
    EXPECT_EQ(Ip6Address::mapped(testing::ip("1.2.3.4")), ip6("::ffff:1.2.3.4"));
    EXPECT_FALSE(ip6("1::ffff:1.2.3.4").is_ip4_mapped());
}

TEST(Ip6Address, Scopes) {
    EXPECT_EQ(ip6("ff02::1").multicast_scope(), Ip6Scope::link_local);
    EXPECT_EQ(ip6("ff35::1").multicast_scope(), Ip6Scope::site_local);
    EXPECT_EQ(ip6("ff3e::1").multicast_scope(), Ip6Scope::global);
    EXPECT_TRUE(ip6("ff02::1").is_local_multicast());
    EXPECT_TRUE(ip6("ff11::1").is_local_multicast());
    EXPECT_FALSE(ip6("ff03::1").is_local_multicast());
    EXPECT_FALSE(ip6("fe80::1").is_local_multicast());
    EXPECT_EQ(Ip6Address::all_nodes(), ip6("ff02::1"));
    EXPECT_EQ(Ip6Address::all_routers(), ip6("ff02::2"));
}

TEST(Ip6Address, SolicitedNodeAndEthernet) {
    // The examples of RFC 4291 2.7.1 and appendix A, and of RFC 2464 4 and 7.
    EXPECT_EQ(ip6("4037::01:800:200e:8c6c").solicited_node(), ip6("ff02::1:ff0e:8c6c"));
    EXPECT_TRUE(ip6("ff02::1:ff00:0").is_solicited_node());
    EXPECT_TRUE(ip6("ff02::1:ffff:ffff").is_solicited_node());
    EXPECT_FALSE(ip6("ff02::1:fe00:0").is_solicited_node());
    EXPECT_FALSE(ip6("ff02::2:ff00:0").is_solicited_node());
    EXPECT_FALSE(ip6("ff05::1:ff00:0").is_solicited_node());
    EXPECT_EQ(interface_id(testing::mac("34:56:78:9a:bc:de")), 0x365678fffe9abcdeU);
    EXPECT_EQ(Ip6Address::link_local(interface_id(testing::mac("02:00:00:00:00:01"))),
              ip6("fe80::ff:fe00:1"));
    EXPECT_EQ(ip6("ff02::1:ff0e:8c6c").multicast_mac(), testing::mac("33:33:ff:0e:8c:6c"));
    EXPECT_EQ(Ip6Address::all_nodes().multicast_mac(), testing::mac("33:33:00:00:00:01"));
}

TEST(Ip6Address, OrderHashAndFormat) {
    EXPECT_LT(ip6("::ffff"), ip6("1::"));
    EXPECT_LT(ip6("1::2"), ip6("1::3"));
    EXPECT_LT(ip6("2::"), ip6("10::"));
    EXPECT_EQ(fmt::format("{:<6}|", ip6("::1")), "::1   |");
    EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
        {Ip6Address(), ip6("::1"), ip6("1::"), ip6("1::1"), ip6("ffff::")}));
    const std::unordered_set<Ip6Address> set = {ip6("::1"), ip6("::1"), ip6("1::")};
    EXPECT_EQ(set.size(), 2U);
}

TEST(Ip6Prefix, EveryLength) {
    const Ip6Address address = ip6("2001:db8:a5a5:5a5a:c3c3:3c3c:9696:6969");
    for (unsigned length = 0; length <= 128; ++length) {
        SCOPED_TRACE(length);
        const Ip6Prefix p(address, static_cast<std::uint8_t>(length));
        std::array<std::uint8_t, 16> mask{};
        for (std::size_t bit = 0; bit < length; ++bit) {
            mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80 >> bit % 8);
        }
        EXPECT_EQ(p.mask().bytes(), mask);
        for (std::size_t i = 0; i < 16; ++i) {
            EXPECT_EQ(p.first().bytes()[i], address.bytes()[i] & mask[i]);
            EXPECT_EQ(p.last().bytes()[i],
                      address.bytes()[i] | static_cast<std::uint8_t>(~mask[i]));
        }
        EXPECT_TRUE(p.contains(p.first()) && p.contains(p.last()) && p.contains(address));
        for (unsigned bit = 0; bit < 128; ++bit) {
            auto other = address.bytes();
            other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ 0x80 >> bit % 8);
            EXPECT_EQ(p.contains(Ip6Address(other)), bit >= length);
        }
        EXPECT_TRUE(p.normalised().is_normalised());
        EXPECT_EQ(prefix6(p.to_string()), p);
    }
}

TEST(Ip6Prefix, HoldsHostBitsUntilNormalised) {
    const Ip6Prefix p = prefix6("2001:db8::1/64");
    EXPECT_EQ(p.address(), ip6("2001:db8::1"));
    EXPECT_FALSE(p.is_normalised());
    EXPECT_EQ(p.normalised(), prefix6("2001:db8::/64"));
    EXPECT_NE(p, p.normalised());
}

TEST(Ip6Prefix, ContainsPrefixesAndAnycast) {
    EXPECT_TRUE(prefix6("2001:db8::/32").contains(prefix6("2001:db8:1::/48")));
    EXPECT_FALSE(prefix6("2001:db8:1::/48").contains(prefix6("2001:db8::/32")));
    EXPECT_TRUE(Ip6Prefix().contains(prefix6("ffff::/128")));
    EXPECT_TRUE(prefix6("2001:db8::/64").is_subnet_router(ip6("2001:db8::")));
    EXPECT_FALSE(prefix6("2001:db8::/64").is_subnet_router(ip6("2001:db8::1")));
    EXPECT_TRUE(prefix6("2001:db8::4/126").is_subnet_router(ip6("2001:db8::4")));
    EXPECT_FALSE(prefix6("2001:db8::/127").is_subnet_router(ip6("2001:db8::")));
    EXPECT_FALSE(prefix6("2001:db8::/128").is_subnet_router(ip6("2001:db8::")));
}

TEST(Ip6Prefix, RefusesWithASentence) {
    const struct {
        std::string_view text;
        std::string_view problem;
    } cases[] = {
        {"2001:db8::", "it has no slash"},
        {"2001:db8::/129", "the length is over 128"},
        {"2001:db8::/032", "the length has a leading zero"},
        {"2001:db8::/", "the length is missing"},
        {"2001:db8::/+8", "the length is not a decimal number"},
        {"2001:db8::/8 ", "\" \" follows the length"},
        {"2001:db8/32", "it has 2 of 8 groups"},
        {"/32", "it is empty"},
    };
    for (const auto& [text, problem] : cases) {
        const auto parsed = Ip6Prefix::parse(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(std::string(problem)));
        EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("such as 2001:db8::/32"));
    }
    EXPECT_THAT(std::string(Ip6Prefix::make(ip6("::1"), 129).status().message()),
                HasSubstr("\"::1/129\" is not an IPv6 prefix: the length is over 128"));
    EXPECT_EQ(*Ip6Prefix::make(ip6("::1"), 128), prefix6("::1/128"));
}

TEST(Ip6Prefix, OrderAndHash) {
    EXPECT_LT(prefix6("2001::/16"), prefix6("2001::/32"));
    EXPECT_LT(prefix6("2000::/128"), prefix6("2001::/16"));
    EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
        {Ip6Prefix(), prefix6("2001::/16"), prefix6("2001::/32"), prefix6("::/128")}));
}

}  // namespace
}  // namespace vnet::wire
