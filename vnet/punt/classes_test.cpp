// SPDX-License-Identifier: Apache-2.0
#include "vnet/punt/classes.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace vnet::punt {
namespace {

using wire::IpProtocol;

constexpr uint64_t second = 1'000'000;

/// How many of `packets` pass, one every `every` clocks.
unsigned pass(RateLimit& limit, uint64_t from, unsigned packets, uint64_t every) {
    unsigned passed = 0;
    for (unsigned i = 0; i < packets; ++i) {
        passed += limit.allows(from + i * every);
    }
    return passed;
}

TEST(RateLimit, LetsItsRatePassAndNoMore) {
    RateLimit limit(second);
    limit.set(1000);
    // A tenth of a second's worth at once, then one a millisecond.
    EXPECT_EQ(pass(limit, 5 * second, 10'000, 0), 101U);
    EXPECT_EQ(pass(limit, 6 * second, 1000, 1000), 1000U);
    EXPECT_EQ(pass(limit, 10 * second, 100'000, 10), 1100U);
}

TEST(RateLimit, SixteenMayComeAtOnceHoweverLowItIs) {
    RateLimit limit(second);
    limit.set(1);
    EXPECT_EQ(pass(limit, 100 * second, 100, 0), 16U);
    EXPECT_EQ(pass(limit, 101 * second, 100, 0), 1U);
}

TEST(RateLimit, NoneMayPassWhereItIsNone) {
    RateLimit limit(second);
    EXPECT_EQ(pass(limit, second, 10, second), 0U);
    limit.set(0);
    EXPECT_EQ(pass(limit, 100 * second, 10, second), 0U);
}

TEST(RateLimit, IsForAllWorkersTogether) {
    RateLimit limit(second);
    limit.set(1000);
    std::atomic<unsigned> passed{0};
    const auto worker = [&] { passed += pass(limit, second, 100'000, 10); };
    std::thread one(worker);
    std::thread two(worker);
    one.join();
    two.join();
    EXPECT_GE(passed.load(), 1100U);
    EXPECT_LE(passed.load(), 1102U);
}

TEST(Classes, OfPackets) {
    struct Case {
        IpProtocol protocol;
        std::optional<Ports> ports;
        Class expected;
    };
    const Case cases[] = {
        {IpProtocol::icmp, {}, Class::icmp},
        {IpProtocol::icmp6, {}, Class::icmp},
        {IpProtocol::ospf, {}, Class::routing},
        {IpProtocol::vrrp, {}, Class::routing},
        {IpProtocol(103), {}, Class::routing},
        {IpProtocol::tcp, Ports{40000, 179}, Class::routing},
        {IpProtocol::tcp, Ports{179, 40000}, Class::routing},
        {IpProtocol::tcp, Ports{40000, 22}, Class::management},
        {IpProtocol::tcp, Ports{22, 40000}, Class::management},
        {IpProtocol::tcp, Ports{40000, 8000}, Class::tcp},
        {IpProtocol::tcp, {}, Class::tcp},
        {IpProtocol::udp, Ports{40000, 3784}, Class::routing},
        {IpProtocol::udp, Ports{40000, 161}, Class::management},
        {IpProtocol::udp, Ports{40000, 179}, Class::other},
        {IpProtocol::udp, {}, Class::other},
        {IpProtocol::gre, {}, Class::other},
    };
    for (const Case& test : cases) {
        EXPECT_EQ(class_of(test.protocol, test.ports), test.expected)
            << int(test.protocol) << " " << name(test.expected);
    }
}

TEST(Limits, AFloodOfOneClassTakesNothingFromAnother) {
    Limits limits(2, second);
    limits.set_rate(Class::other, 10);
    EXPECT_EQ(limits.rate(Class::other), 10U);
    for (unsigned i = 0; i < 100'000; ++i) {
        (void)limits.allows(Class::other, 0, second);
    }
    for (unsigned i = 0; i < 500; ++i) {
        EXPECT_TRUE(limits.allows(Class::management, 1, second));
    }
    EXPECT_EQ(limits.counts(Class::other).passed, 16U);
    EXPECT_EQ(limits.counts(Class::other).limited, 100'000U - 16);
    EXPECT_EQ(limits.counts(Class::management).passed, 500U);
    EXPECT_EQ(limits.counts(Class::management).limited, 0U);
}

TEST(Limits, NeighboursThatAreKnownHaveTheirOwn) {
    Limits limits(1, second);
    limits.set_rate(Class::neighbor, 10);
    for (unsigned i = 0; i < 1000; ++i) {
        (void)limits.allows_neighbor(false, 0, second);
    }
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        passed += limits.allows_neighbor(true, 0, second);
    }
    EXPECT_EQ(passed, 16U);
    EXPECT_EQ(limits.counts(Class::neighbor).passed, 32U);
    EXPECT_EQ(limits.counts(Class::neighbor).limited, 2000U - 32);
    limits.set_rate(Class::neighbor, 0);
    EXPECT_FALSE(limits.allows_neighbor(true, 0, 100 * second));
}

TEST(Limits, HaveNamesAndRatesFromTheBeginning) {
    const Limits limits(1, second);
    for (size_t i = 0; i < class_count; ++i) {
        EXPECT_FALSE(name(Class(i)).empty());
        EXPECT_GT(usual_rate(Class(i)), 0U);
        EXPECT_EQ(limits.rate(Class(i)), usual_rate(Class(i)));
    }
}

}  // namespace
}  // namespace vnet::punt
