// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/exempt_index.hpp"

#include <gtest/gtest.h>

#include <random>

#include "plugins/nat44/exempts.hpp"

namespace nat44 {
namespace {

using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

constexpr uint8_t an_icmp = 1;
constexpr uint8_t a_tcp = 6;
constexpr uint8_t a_udp = 17;

Exempt exempt(const char* prefix, std::optional<uint8_t> protocol = {},
              std::optional<PortRange> ports = {}, vnet::interface::Vrf vrf = 0) {
    return {vrf, *Ip4Prefix::parse(prefix), protocol, ports};
}
ExemptIndex index_of(const std::vector<Exempt>& exempts) {
    std::vector<ExemptIndex::Numbered> numbered;
    for (const Exempt& one : exempts) {
        numbered.push_back({one, uint16_t(numbered.size())});
    }
    return ExemptIndex(numbered);
}
Ip4Address at(const char* text) {
    return *Ip4Address::parse(text);
}

TEST(ExemptIndex, FindsNetworksToTheirEnds) {
    const ExemptIndex index = index_of({exempt("10.1.0.0/16"), exempt("10.1.0.0/24"),
                                        exempt("10.1.1.0/24"), exempt("255.255.255.255/32")});
    const auto find = [&](const char* to) { return index.find(0, at(to), a_udp, 53); };
    EXPECT_FALSE(find("0.0.0.0"));
    EXPECT_FALSE(find("10.0.255.255"));
    EXPECT_EQ(find("10.1.0.0"), 1);
    EXPECT_EQ(find("10.1.0.255"), 1);
    EXPECT_EQ(find("10.1.1.0"), 2);
    EXPECT_EQ(find("10.1.1.255"), 2);
    EXPECT_EQ(find("10.1.2.0"), 0);
    EXPECT_EQ(find("10.1.255.255"), 0);
    EXPECT_FALSE(find("10.2.0.0"));
    EXPECT_FALSE(find("255.255.255.254"));
    EXPECT_EQ(find("255.255.255.255"), 3);
    EXPECT_FALSE(index.find(1, at("10.1.0.0"), a_udp, 53)) << "of another VRF";
    EXPECT_FALSE(index.find(1, at("0.0.0.0"), a_udp, 53)) << "behind the last address";
}

TEST(ExemptIndex, FindsProtocolsAndPortsToTheirEnds) {
    const ExemptIndex index =
        index_of({exempt("0.0.0.0/0", a_tcp, PortRange{1, 1023}),
                  exempt("0.0.0.0/0", a_tcp, PortRange{80, 80}),
                  exempt("0.0.0.0/0", a_udp, PortRange{65535, 65535}), exempt("0.0.0.0/0", an_icmp),
                  exempt("10.0.0.0/8", a_tcp, PortRange{443, 443})});
    const auto find = [&](const char* to, uint8_t protocol, uint16_t port) {
        return index.find(0, at(to), protocol, port);
    };
    EXPECT_FALSE(find("1.1.1.1", a_tcp, 0)) << "it has no ports";
    EXPECT_EQ(find("1.1.1.1", a_tcp, 1), 0);
    EXPECT_EQ(find("1.1.1.1", a_tcp, 79), 0);
    EXPECT_EQ(find("1.1.1.1", a_tcp, 80), 1);
    EXPECT_EQ(find("1.1.1.1", a_tcp, 81), 0);
    EXPECT_EQ(find("1.1.1.1", a_tcp, 1023), 0);
    EXPECT_FALSE(find("1.1.1.1", a_tcp, 1024));
    EXPECT_FALSE(find("1.1.1.1", a_udp, 80));
    EXPECT_EQ(find("1.1.1.1", a_udp, 65535), 2);
    EXPECT_FALSE(find("1.1.1.1", a_udp + 1, 0));
    EXPECT_EQ(find("1.1.1.1", an_icmp, 0), 3);
    EXPECT_EQ(find("1.1.1.1", an_icmp, 65535), 3);
    // What the smaller network says nothing of, the larger one may.
    EXPECT_EQ(find("10.1.1.1", a_tcp, 443), 4);
    EXPECT_EQ(find("10.1.1.1", a_tcp, 80), 1);
    EXPECT_FALSE(find("10.1.1.1", a_udp, 443));
}

/// As find() has it, rule by rule.
std::optional<uint16_t> walk(const std::vector<Exempt>& exempts, vnet::interface::Vrf vrf,
                             Ip4Address to, uint8_t protocol, uint16_t port) {
    const auto width = [](const Exempt& one) {
        return one.ports ? one.ports->size() : one.protocol ? 1U << 16 : 1U << 24;
    };
    std::optional<uint16_t> best;
    for (uint16_t i = 0; i < exempts.size(); ++i) {
        const Exempt& one = exempts[i];
        const bool matches = one.outside_vrf == vrf && one.destination.contains(to) &&
                             (!one.protocol || *one.protocol == protocol) &&
                             (!one.ports || one.ports->contains(port));
        if (matches && (!best || one.destination.length() > exempts[*best].destination.length() ||
                        (one.destination == exempts[*best].destination &&
                         width(one) < width(exempts[*best])))) {
            best = i;
        }
    }
    return best;
}

TEST(ExemptIndex, FindsWhatAWalkFinds) {
    std::mt19937 random(7);
    const auto below = [&](unsigned count) { return unsigned(random() % count); };
    for (unsigned round = 0; round < 300; ++round) {
        std::vector<Exempt> exempts;
        for (unsigned i = below(40); i-- > 0;) {
            // Few bits differ, so that networks lie in one another, and few ports.
            Exempt one;
            one.outside_vrf = vnet::interface::Vrf(below(2));
            one.destination =
                Ip4Prefix(Ip4Address(below(4) << 30 | below(8)), uint8_t(below(33))).normalised();
            if (below(3) != 0) {
                one.protocol = below(2) == 0 ? a_tcp : a_udp;
                const uint16_t first = uint16_t(1 + below(6));
                if (below(2) == 0) {
                    one.ports = PortRange{first, uint16_t(first + below(4))};
                }
            }
            exempts.push_back(one);
        }
        const ExemptIndex index = index_of(exempts);
        for (unsigned i = 0; i < 200; ++i) {
            const auto vrf = vnet::interface::Vrf(below(2));
            const Ip4Address to(below(4) << 30 | below(9));
            const uint8_t protocol = i % 5 == 0 ? an_icmp : i % 2 == 0 ? a_tcp : a_udp;
            const auto port = uint16_t(below(12));
            const auto found = index.find(vrf, to, protocol, port);
            const auto expected = walk(exempts, vrf, to, protocol, port);
            ASSERT_EQ(found.has_value(), expected.has_value());
            // Of two that are as small either will do.
            if (found && index.at(*found) != exempts[*expected]) {
                const Exempt& one = index.at(*found);
                EXPECT_EQ(one.destination, exempts[*expected].destination);
                ASSERT_TRUE(one.ports && exempts[*expected].ports);
                EXPECT_EQ(one.ports->size(), exempts[*expected].ports->size());
                EXPECT_TRUE(one.ports->contains(port) && one.protocol == protocol);
            }
        }
    }
}

TEST(Exempts, AreBoundedAndKeepTheirNumbers) {
    Exempts exempts;
    EXPECT_EQ(exempts.index(), nullptr);
    const auto add = [&](uint32_t address) {
        return exempts.add({0, {Ip4Address(address), 32}, {}, {}},
                           [](uint16_t number) { return number + 5U; });
    };
    for (uint32_t i = 0; i < most_exempts; ++i) {
        ASSERT_TRUE(add(i).ok());
    }
    EXPECT_EQ(add(most_exempts).message(), "there are 1024 exempts, and no more can be");
    EXPECT_EQ(add(7).message(), "0.0.0.7/32 is exempt already");
    const uint16_t number = exempts.all().at({0, {Ip4Address(7), 32}, {}, {}}).number;
    ASSERT_TRUE(exempts.remove({0, {Ip4Address(7), 32}, {}, {}}).ok());
    EXPECT_FALSE(exempts.index()->find(0, Ip4Address(7), a_udp, 1));
    EXPECT_EQ(exempts.index()->find(0, Ip4Address(8), a_udp, 1),
              exempts.all().at({0, {Ip4Address(8), 32}, {}, {}}).number);
    ASSERT_TRUE(add(most_exempts).ok());
    const auto& entry = exempts.all().at({0, {Ip4Address(most_exempts), 32}, {}, {}});
    EXPECT_EQ(entry.number, number) << "the one that was free";
    EXPECT_EQ(entry.before, number + 5U);
}

}  // namespace
}  // namespace nat44
