// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/router_advertisements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/neighbor/testing/link.hpp"
#include "vnet/wire/nd.hpp"

namespace vnet::neighbor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Link;
using testing::Sent;
using wire::testing::ip6;
using wire::testing::mac;
using wire::testing::prefix6;

constexpr const char* lan_link_local = "fe80::ff:fe00:a1";

/// "from <source> router <lifetime>" and the words of its options, for a router advertisement.
std::optional<std::string> advertisement_in(const Sent& sent) {
    const auto bytes = std::span<const std::byte>(sent.bytes).subspan(sizeof(wire::EthernetHeader));
    const auto* ip = wire::view<wire::Ip6Header>(bytes);
    if (ip == nullptr || ip->next_header() != wire::IpProtocol::icmp6) {
        return std::nullopt;
    }
    const auto message = bytes.subspan(sizeof(wire::Ip6Header));
    const auto* fixed = wire::view<wire::RouterAdvertisement>(message);
    if (fixed == nullptr || fixed->type_number != 134) {
        return std::nullopt;
    }
    EXPECT_EQ(wire::check_nd(*ip, message), wire::NdFault::none);
    std::string text = fmt::format("from {} router {}", ip->source, fixed->lifetime_s.value());
    wire::NdOptionsCursor options(message.subspan(sizeof(*fixed)));
    while (const auto option = options.next()) {
        if (const auto* told = option->prefix_information()) {
            text += fmt::format(", {}/{} {} {}", told->prefix, told->prefix_length,
                                told->preferred_lifetime_s.value(), told->valid_lifetime_s.value());
        }
        if (const auto* dns = option->dns_servers()) {
            for (size_t i = 0; i < option->dns_server_count(); ++i) {
                text += fmt::format(", dns {} {}", option->dns_server(i), dns->lifetime_s.value());
            }
        }
    }
    return text;
}

/// A router that tells the hosts of "lan" of 2001:db8:1::/64 for an hour; addresses are in use at
/// once.
struct Advertiser : Link {
    Advertiser() : Link(at_once()) {
        add("2001:db8:1::1/64");
        settings.valid_lifetime_s = 3600;
        settings.preferred_lifetime_s = 1800;
        set();
    }
    /// Interfaces go while what observes them is there.
    ~Advertiser() { interfaces.remove_all(); }
    static Settings at_once() {
        Settings settings;
        settings.duplicate_tries = 0;
        return settings;
    }
    void add(const char* address) { ASSERT_TRUE(ip6.addresses->add("lan", prefix6(address)).ok()); }
    void remove(const char* address) {
        ASSERT_TRUE(ip6.addresses->remove("lan", prefix6(address)).ok());
    }
    void set() { ASSERT_TRUE(advertisements.set("lan", settings).ok()); }
    /// What hosts hear in this time.
    std::vector<std::string> told_in(std::chrono::seconds time) {
        for (const auto end = now + time; now < end; now += 1s) {
            advertisements.tick(now);
        }
        return told();
    }
    std::vector<std::string> told() {
        std::vector<std::string> all;
        for (const Sent& one : sent()) {
            if (auto text = advertisement_in(one)) {
                all.push_back(std::move(*text));
            }
        }
        return all;
    }
    /// The last of what they hear in this time, which is in no hurry.
    std::string last_told_in(std::chrono::seconds time) {
        const auto all = told_in(time);
        return all.empty() ? "nothing" : all.back();
    }

    Clock::time_point now{1h};
    RouterAdvertisementSettings settings;
    RouterAdvertisements advertisements{*engine, interfaces, *ip6.addresses, *ip6.neighbors,
                                        [this] { return now; }};
};

std::string from_lan(const std::string& rest) {
    return std::string("from ") + lan_link_local + " router " + rest;
}

TEST(RouterAdvertisements, TellThreeTimesSoon) {
    Advertiser router;
    EXPECT_THAT(router.told_in(33s), ElementsAre(from_lan("1800, 2001:db8:1::/64 1800 3600"),
                                                 from_lan("1800, 2001:db8:1::/64 1800 3600"),
                                                 from_lan("1800, 2001:db8:1::/64 1800 3600")));
}

TEST(RouterAdvertisements, TakeAPrefixBackForAsLongAsHostsMayHaveIt) {
    Advertiser router;
    router.told_in(60s);
    router.remove("2001:db8:1::1/64");
    router.add("2001:db8:2::1/64");
    const std::string both = from_lan("1800, 2001:db8:2::/64 1800 3600, 2001:db8:1::/64 0 0");
    // RFC 9096 3.5: for the whole time that was told before.
    EXPECT_EQ(router.last_told_in(60s), both);
    EXPECT_EQ(router.last_told_in(3000s), both);
    EXPECT_EQ(router.last_told_in(1800s), from_lan("1800, 2001:db8:2::/64 1800 3600"));
}

TEST(RouterAdvertisements, TellAPrefixThatCameBack) {
    Advertiser router;
    router.told_in(60s);
    router.add("2001:db8:2::1/64");
    router.remove("2001:db8:1::1/64");
    router.told_in(60s);
    router.add("2001:db8:1::1/64");
    EXPECT_EQ(router.last_told_in(60s),
              from_lan("1800, 2001:db8:2::/64 1800 3600, 2001:db8:1::/64 1800 3600"));
}

TEST(RouterAdvertisements, WhatHostsNeverHeardIsNotTakenBack) {
    Advertiser router;
    router.add("2001:db8:3::1/64");
    router.remove("2001:db8:3::1/64");
    EXPECT_EQ(router.last_told_in(60s), from_lan("1800, 2001:db8:1::/64 1800 3600"));
}

TEST(RouterAdvertisements, TakeBackAsManyPrefixesAsAMessageHolds) {
    Advertiser router;
    router.add("2001:db8:ffff::1/64");
    for (unsigned i = 0x10; i < 0x40; ++i) {
        const std::string address = fmt::format("2001:db8:{:x}::1/64", i);
        router.add(address.c_str());
        router.told_in(5s);
        router.remove(address.c_str());
        router.told_in(5s);
    }
    const std::string last = router.last_told_in(60s);
    EXPECT_THAT(last, ::testing::HasSubstr("2001:db8:3f::/64 0 0"));
    EXPECT_THAT(last, ::testing::HasSubstr("2001:db8:30::/64 0 0"));
    EXPECT_THAT(last, ::testing::Not(::testing::HasSubstr("2001:db8:2f::/64")));
}

TEST(RouterAdvertisements, TakeADnsServerBack) {
    Advertiser router;
    router.settings.dns_servers = {ip6("2001:db8::53"), ip6("2001:db8::54")};
    router.set();
    router.told_in(60s);
    router.settings.dns_servers = {ip6("2001:db8::54")};
    router.set();
    EXPECT_EQ(
        router.last_told_in(60s),
        from_lan("1800, 2001:db8:1::/64 1800 3600, dns 2001:db8::54 1800, dns 2001:db8::53 0"));
    EXPECT_EQ(router.last_told_in(4000s),
              from_lan("1800, 2001:db8:1::/64 1800 3600, dns 2001:db8::54 1800"));
}

TEST(RouterAdvertisements, TheLastTakesAllBack) {
    Advertiser router;
    router.settings.dns_servers = {ip6("2001:db8::53")};
    router.settings.valid_lifetime_s = 100'000;
    router.set();
    router.told_in(60s);
    ASSERT_TRUE(router.advertisements.stop("lan").ok());
    EXPECT_THAT(router.told(),
                ElementsAre(from_lan("0, 2001:db8:1::/64 0 7200, dns 2001:db8::53 0")));
    EXPECT_THAT(router.told_in(3600s), IsEmpty());
}

TEST(RouterAdvertisements, AnInterfaceThatGoesDownSaysSoFirst) {
    Advertiser router;
    router.told_in(60s);
    ASSERT_TRUE(router.interfaces.set_up("lan", false).ok());
    // The addresses stay: hosts talk to one another by them while the router is away.
    EXPECT_THAT(router.told(), ElementsAre(from_lan("0, 2001:db8:1::/64 0 3600")));
    EXPECT_THAT(router.told_in(3600s), IsEmpty());
    ASSERT_TRUE(router.interfaces.set_up("lan", true).ok());
    router.interfaces.poll_links();
    EXPECT_EQ(router.last_told_in(60s), from_lan("1800, 2001:db8:1::/64 1800 3600"));
}

TEST(RouterAdvertisements, AnInterfaceThatIsRemovedSaysSoFirst) {
    Advertiser router;
    router.told_in(60s);
    ASSERT_TRUE(router.interfaces.remove("lan").ok());
    EXPECT_THAT(router.told(), ElementsAre(from_lan("0, 2001:db8:1::/64 0 3600")));
}

TEST(RouterAdvertisements, ALinkLocalAddressThatGoesIsARouterNoLonger) {
    Advertiser router;
    router.told_in(60s);
    ASSERT_TRUE(router.interfaces.set_mac("lan", mac("02:00:00:00:00:c1")).ok());
    // RFC 4861 6.2.8.
    const auto told = router.told();
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front(), from_lan("0, 2001:db8:1::/64 1800 3600"));
    EXPECT_EQ(router.last_told_in(60s),
              "from fe80::ff:fe00:c1 router 1800, 2001:db8:1::/64 1800 3600");
}

TEST(RouterAdvertisements, WithTheLastAddressThePrefixGoesAtOnce) {
    Advertiser router;
    router.settings.dns_servers = {ip6("2001:db8::53")};
    router.set();
    router.told_in(60s);
    router.remove("2001:db8:1::1/64");
    EXPECT_THAT(router.told(), ElementsAre(from_lan("0, dns 2001:db8::53 0, 2001:db8:1::/64 0 0")));
}

TEST(RouterAdvertisements, WhoNeverToldTakesNothingBack) {
    Advertiser router;
    ASSERT_TRUE(router.advertisements.stop("lan").ok());
    EXPECT_THAT(router.told(), IsEmpty());
    EXPECT_EQ(router.advertisements.stop("lan").message(),
              "interface 'lan' sends no router advertisements");
}

}  // namespace
}  // namespace vnet::neighbor
