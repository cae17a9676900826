// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/deterministic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

namespace nat44 {
namespace {

using ::testing::HasSubstr;

Ip4Prefix prefix(std::string_view text) {
    return Ip4Prefix::parse(text).value();
}

constexpr AddressRange four{Ip4Address(192, 0, 2, 0), Ip4Address(192, 0, 2, 3)};

std::string refusal(const std::vector<Ip4Prefix>& inside, AddressRange outside, PortRange ports) {
    const auto mapping = DeterministicMapping::make(inside, outside, ports);
    EXPECT_EQ(mapping.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(mapping.status().message());
}

TEST(DeterministicMapping, HostsFollowOneAnother) {
    const std::vector inside = {prefix("100.64.0.0/24")};
    const auto mapping = DeterministicMapping::make(inside, four, {1024, 65535});
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_EQ(mapping->hosts(), 256u);
    EXPECT_EQ(mapping->hosts_per_address(), 64u);
    EXPECT_EQ(mapping->ports_per_host(), 1008u);
    EXPECT_EQ(mapping->of(Ip4Address(100, 64, 0, 0)), (Block{four.first, {1024, 2031}}));
    EXPECT_EQ(mapping->of(Ip4Address(100, 64, 0, 1)), (Block{four.first, {2032, 3039}}));
    EXPECT_EQ(mapping->of(Ip4Address(100, 64, 0, 255)), (Block{four.last, {64528, 65535}}));
    EXPECT_EQ(mapping->owner(four.first, 2031), Ip4Address(100, 64, 0, 0));
    EXPECT_EQ(mapping->owner(four.first, 2032), Ip4Address(100, 64, 0, 1));
    EXPECT_EQ(mapping->owner(four.first, 1023), std::nullopt);
    EXPECT_EQ(mapping->owner(Ip4Address(192, 0, 2, 4), 2032), std::nullopt);
    EXPECT_EQ(mapping->of(Ip4Address(100, 64, 1, 0)), std::nullopt);
    EXPECT_EQ(mapping->of(Ip4Address(100, 63, 255, 255)), std::nullopt);
}

/// There and back for each port of each host, and no port is of two.
void check(const DeterministicMapping& mapping, const std::vector<Ip4Prefix>& inside,
           AddressRange outside, PortRange ports) {
    std::vector<unsigned> owned(size_t(outside.size()) << 16);
    for (const Ip4Prefix& prefix : inside) {
        for (uint64_t i = prefix.first().value(); i <= prefix.last().value(); ++i) {
            const Ip4Address host{uint32_t(i)};
            const auto block = mapping.of(host);
            ASSERT_TRUE(block) << host;
            ASSERT_EQ(block->ports.size(), mapping.ports_per_host());
            ASSERT_TRUE(outside.contains(block->address));
            ASSERT_TRUE(ports.contains(block->ports.first) && ports.contains(block->ports.last));
            for (uint32_t port = block->ports.first; port <= block->ports.last; ++port) {
                ASSERT_EQ(mapping.owner(block->address, uint16_t(port)), host);
                const size_t address = block->address.value() - outside.first.value();
                ASSERT_EQ(owned[address << 16 | port]++, 0u);
            }
        }
    }
    for (uint64_t i = 0; i < outside.size(); ++i) {
        const Ip4Address address{uint32_t(outside.first.value() + i)};
        for (uint32_t port = 0; port <= 65535; ++port) {
            ASSERT_EQ(mapping.owner(address, uint16_t(port)).has_value(),
                      owned[i << 16 | port] != 0);
        }
    }
}

TEST(DeterministicMapping, LeadsThereAndBack) {
    std::mt19937 random(1);
    unsigned made = 0;
    for (unsigned i = 0; i < 40; ++i) {
        std::vector<Ip4Prefix> inside;
        for (unsigned n = 1 + random() % 4; n > 0; --n) {
            // Apart from one another, in no order, with host bits.
            inside.push_back(Ip4Prefix(Ip4Address(10, uint8_t(random() % 60 * 4 + n - 1), 3, 7),
                                       uint8_t(20 + random() % 13)));
        }
        const auto first = uint32_t(0xc0000200 + random() % 100);
        const AddressRange outside{Ip4Address(first), Ip4Address(uint32_t(first + random() % 8))};
        const auto low = uint16_t(random() % 40'000);
        const PortRange ports{low, uint16_t(low + 16 + random() % 25'000)};
        const auto mapping = DeterministicMapping::make(inside, outside, ports);
        if (mapping.ok()) {
            ++made;
            check(*mapping, inside, outside, ports);
        } else {
            EXPECT_THAT(std::string(mapping.status().message()), HasSubstr("a host needs 16"));
        }
    }
    EXPECT_GE(made, 10u);
}

TEST(DeterministicMapping, TakesAllOfTheInternetWhereItFits) {
    const std::vector inside = {prefix("0.0.0.0/1")};
    const AddressRange outside{Ip4Address(128, 0, 0, 0), Ip4Address(255, 255, 255, 255)};
    const auto mapping = DeterministicMapping::make(inside, outside, {0, 65535});
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_EQ(mapping->of(Ip4Address(127, 255, 255, 255)), (Block{outside.last, {0, 65535}}));
    EXPECT_EQ(mapping->owner(outside.last, 65535), Ip4Address(127, 255, 255, 255));
}

TEST(DeterministicMapping, SaysWhatItWouldTake) {
    const std::vector inside = {prefix("100.64.0.0/16")};
    EXPECT_THAT(refusal(inside, four, {1024, 65535}),
                HasSubstr("65536 inside hosts behind 4 outside addresses leave 3 of the ports "
                          "1024-65535 for each, and a host needs 16; give 17 outside addresses"));
    const AddressRange enough{four.first, Ip4Address(192, 0, 2, 16)};
    EXPECT_TRUE(DeterministicMapping::make(inside, enough, {1024, 65535}).ok());
    EXPECT_THAT(refusal({}, four, {1024, 65535}), HasSubstr("no inside prefix"));
    EXPECT_THAT(refusal(inside, {four.last, four.first}, {1024, 65535}), HasSubstr("no range"));
    EXPECT_THAT(refusal(inside, four, {1024, 1030}), HasSubstr("give a range of 16 or more"));
    EXPECT_THAT(refusal(inside, four, {1030, 1024}), HasSubstr("give a range of 16 or more"));
    EXPECT_THAT(refusal({prefix("192.0.2.3/32")}, four, {1024, 65535}),
                HasSubstr("overlap the inside prefix 192.0.2.3/32"));
    EXPECT_THAT(refusal({prefix("10.0.0.64/26"), prefix("10.0.0.0/24")}, four, {1024, 65535}),
                HasSubstr("inside prefix 10.0.0.64/26 is part of 10.0.0.0/24"));
    EXPECT_THAT(refusal({prefix("10.0.0.0/24"), prefix("10.0.0.1/24")}, four, {1024, 65535}),
                HasSubstr("is part of"));
}

}  // namespace
}  // namespace nat44
