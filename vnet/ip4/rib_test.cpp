// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/rib.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "vnet/ip4/fib.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::ip4 {
namespace {

using Rib = Fib::Rib;
using wire::Ip4Address;
using wire::Ip4Prefix;
using wire::testing::ip;
using wire::testing::prefix;

void put(Rib& rib, const Ip4Prefix& at, fib::PathIndex path) {
    rib.at(at) = {{{RouteSource::configured, 10, {}}, path}};
}
std::string match(const Rib& rib, const char* address) {
    const auto found = rib.match(ip(address));
    return found ? found->prefix.to_string() : "none";
}
std::string covering(const Rib& rib, const char* text) {
    const auto found = rib.covering(prefix(text));
    return found ? found->prefix.to_string() : "none";
}

TEST(Rib, TheLongestIsFoundAcrossTrees) {
    Rib rib;
    EXPECT_EQ(match(rib, "10.1.2.3"), "none");
    for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.0/31",
                             "10.1.2.3/32", "10.1.1.0/24", "255.255.255.255/32"}) {
        put(rib, prefix(text), 1);
    }
    EXPECT_EQ(match(rib, "10.1.2.3"), "10.1.2.3/32");
    EXPECT_EQ(match(rib, "10.1.2.1"), "10.1.2.0/31");
    EXPECT_EQ(match(rib, "10.1.2.99"), "10.1.2.0/24");
    EXPECT_EQ(match(rib, "10.1.99.1"), "10.1.0.0/16");
    EXPECT_EQ(match(rib, "10.99.0.1"), "10.0.0.0/8");
    EXPECT_EQ(match(rib, "11.0.0.0"), "0.0.0.0/0");
    EXPECT_EQ(match(rib, "255.255.255.255"), "255.255.255.255/32");
    EXPECT_EQ(covering(rib, "10.1.2.3/32"), "10.1.2.0/24");
    EXPECT_EQ(covering(rib, "10.1.2.0/24"), "10.1.0.0/16");
    EXPECT_EQ(covering(rib, "10.1.0.0/16"), "10.0.0.0/8");
    EXPECT_EQ(covering(rib, "10.0.0.0/8"), "0.0.0.0/0");
    EXPECT_EQ(covering(rib, "0.0.0.0/0"), "none");
}

TEST(Rib, VisitsInOrder) {
    Rib rib;
    const char* const all[] = {"0.0.0.0/0",   "10.0.0.0/8",  "10.0.0.0/16",   "10.0.0.0/24",
                               "10.0.0.0/32", "10.0.0.1/32", "10.255.0.0/16", "11.0.0.0/8"};
    for (const char* text : all) {
        put(rib, prefix(text), 1);
    }
    std::vector<std::string> seen;
    const auto see = [&](const Ip4Prefix& at, const Rib::Entry&) {
        seen.push_back(at.to_string());
        return true;
    };
    rib.visit_from({}, see);
    EXPECT_EQ(seen, std::vector<std::string>(std::begin(all), std::end(all)));
    seen.clear();
    rib.visit_inside(prefix("10.0.0.0/8"), see);
    EXPECT_EQ(seen, std::vector<std::string>(all + 2, all + 7));
    seen.clear();
    rib.visit_behind(prefix("10.0.0.1/32"), see);
    EXPECT_EQ(seen, std::vector<std::string>(all + 6, all + 8));
    seen.clear();
    rib.visit_inside(prefix("10.0.0.1/32"), see);
    EXPECT_TRUE(seen.empty());
}

/// Random prefixes that often lie in one another, beside a plain map.
TEST(Rib, FindsAsAListWould) {
    std::mt19937 random(3);
    Rib rib;
    std::map<Ip4Prefix, fib::PathIndex> model;
    for (unsigned round = 0; round < 6000; ++round) {
        const Ip4Address address(0x0a00'0000 | (random() & 0x0103'0f07));
        const Ip4Prefix at = Ip4Prefix(address, uint8_t(random() % 33)).normalised();
        if (random() % 3 == 0) {
            rib.erase(at);
            model.erase(at);
        } else {
            put(rib, at, round);
            model[at] = round;
        }
        const Ip4Address probe(0x0a00'0000 | (random() & 0x0103'0f07));
        const Ip4Prefix* best = nullptr;
        const Ip4Prefix* cover = nullptr;
        for (const auto& [known, path] : model) {
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
            ASSERT_EQ(matched->entry->front().path, model[*best]);
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
}  // namespace vnet::ip4
