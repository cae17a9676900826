// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/rib.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "vnet/wire/testing/packets.hpp"

/// Of IPv6; those of IPv4 are beside vnet/ip4/fib.hpp.
namespace vnet::fib {
namespace {

using wire::Ip6Address;
using wire::Ip6Prefix;
using wire::testing::ip6;
using wire::testing::prefix6;
using Rib6 = Rib<Ip6Prefix, unsigned>;

void put(Rib6& rib, const Ip6Prefix& at, unsigned value) {
    rib.at(at) = {value};
}
std::string match(const Rib6& rib, const char* address) {
    const auto found = rib.match(ip6(address));
    return found ? found->prefix.to_string() : "none";
}
std::string covering(const Rib6& rib, const char* text) {
    const auto found = rib.covering(prefix6(text));
    return found ? found->prefix.to_string() : "none";
}

TEST(Rib6, TheLongestIsFoundAcrossTrees) {
    Rib6 rib;
    EXPECT_EQ(match(rib, "2001:db8::1"), "none");
    for (const char* text : {"::/0", "2000::/3", "2001:db8::/32", "2001:db8:1::/48",
                             "2001:db8:1:2::/64", "2001:db8:1:2::/127", "2001:db8:1:2::3/128",
                             "2001:db8:1:1::/64", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"}) {
        put(rib, prefix6(text), 1);
    }
    EXPECT_EQ(match(rib, "2001:db8:1:2::3"), "2001:db8:1:2::3/128");
    EXPECT_EQ(match(rib, "2001:db8:1:2::1"), "2001:db8:1:2::/127");
    EXPECT_EQ(match(rib, "2001:db8:1:2::99"), "2001:db8:1:2::/64");
    EXPECT_EQ(match(rib, "2001:db8:1:99::1"), "2001:db8:1::/48");
    EXPECT_EQ(match(rib, "2001:db8:99::1"), "2001:db8::/32");
    EXPECT_EQ(match(rib, "2001:db9::"), "2000::/3");
    EXPECT_EQ(match(rib, "3fff:ffff::"), "2000::/3");
    EXPECT_EQ(match(rib, "4000::"), "::/0");
    EXPECT_EQ(match(rib, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
    EXPECT_EQ(covering(rib, "2001:db8:1:2::3/128"), "2001:db8:1:2::/64");
    EXPECT_EQ(covering(rib, "2001:db8:1:2::/64"), "2001:db8:1::/48");
    EXPECT_EQ(covering(rib, "2001:db8::/32"), "2000::/3");
    EXPECT_EQ(covering(rib, "2000::/3"), "::/0");
    EXPECT_EQ(covering(rib, "::/0"), "none");
}

TEST(Rib6, VisitsInOrder) {
    Rib6 rib;
    const char* const all[] = {
        "::/0",           "2001::/16",       "2001:db8::/32",   "2001:db8::/48",
        "2001:db8::/128", "2001:db8::1/128", "2001:db8:1::/48", "2001:f000::/20",
        "2002::/16"};
    for (const char* text : all) {
        put(rib, prefix6(text), 1);
    }
    std::vector<std::string> seen;
    const auto see = [&](const Ip6Prefix& at, const Rib6::Entry&) {
        seen.push_back(at.to_string());
        return true;
    };
    rib.visit_from({}, see);
    EXPECT_EQ(seen, std::vector<std::string>(std::begin(all), std::end(all)));
    seen.clear();
    rib.visit_inside(prefix6("2001::/16"), see);
    EXPECT_EQ(seen, std::vector<std::string>(all + 2, all + 8));
    seen.clear();
    rib.visit_behind(prefix6("2001:db8::1/128"), see);
    EXPECT_EQ(seen, std::vector<std::string>(all + 6, all + 9));
    seen.clear();
    rib.visit_inside(prefix6("2001:db8::1/128"), see);
    EXPECT_TRUE(seen.empty());
}

/// Random prefixes that often lie in one another, beside a plain map.
TEST(Rib6, FindsAsAListWould) {
    std::mt19937_64 random(3);
    Rib6 rib;
    std::map<Ip6Prefix, unsigned> model;
    const auto some_address = [&] {
        return Ip6Address(0x2001'0000'0000'0000 | (random() & 0x0000'1101'0003'0001),
                          random() & 0x8000'0000'0000'0003);
    };
    for (unsigned round = 0; round < 6000; ++round) {
        const Ip6Prefix at = Ip6Prefix(some_address(), uint8_t(random() % 129)).normalised();
        if (random() % 3 == 0) {
            rib.erase(at);
            model.erase(at);
        } else {
            put(rib, at, round);
            model[at] = round;
        }
        const Ip6Address probe = some_address();
        const Ip6Prefix* best = nullptr;
        const Ip6Prefix* cover = nullptr;
        for (const auto& [known, value] : model) {
            if (known.contains(probe) && (best == nullptr || known.length() > best->length())) {
                best = &known;
            }
            if (known.contains(at) && known != at &&
                (cover == nullptr || known.length() > cover->length())) {
                cover = &known;
            }
        }
        const auto matched = rib.match(probe);
        ASSERT_EQ(matched.has_value(), best != nullptr);
        if (best != nullptr) {
            ASSERT_EQ(matched->prefix, *best);
            ASSERT_EQ(matched->entry->front(), model[*best]);
        }
        const auto covered = rib.covering(at);
        ASSERT_EQ(covered.has_value(), cover != nullptr);
        if (cover != nullptr) {
            ASSERT_EQ(covered->prefix, *cover);
        }
        ASSERT_EQ(rib.find(at) != nullptr, model.contains(at));
    }
}

}  // namespace
}  // namespace vnet::fib
