// SPDX-License-Identifier: Apache-2.0
#include "vnet/mld/listener.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "vnet/ip6/joined_groups.hpp"
#include "vnet/neighbor/testing/link.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/mld.hpp"

namespace vnet::mld {
namespace {

using namespace std::chrono_literals;
using neighbor::testing::Link;
using neighbor::testing::Sent;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using wire::testing::Bytes;
using wire::testing::from_hex;
using wire::testing::ip6;
using wire::testing::packet;
using wire::testing::prefix6;

constexpr const char* lan_link_local = "fe80::ff:fe00:a1";

/// "<source> > <destination> <type> <group>, ..." of each message of this protocol.
std::vector<std::string> reports_in(const std::vector<Sent>& frames) {
    std::vector<std::string> all;
    for (const Sent& sent : frames) {
        const auto bytes =
            std::span<const std::byte>(sent.bytes).subspan(sizeof(wire::EthernetHeader));
        const auto* ip = wire::view<wire::Ip6Header>(bytes);
        if (ip == nullptr || ip->next_header() != wire::IpProtocol::hop_by_hop) {
            continue;
        }
        const auto message = bytes.subspan(48);
        EXPECT_EQ(ip->hop_limit, 1);
        EXPECT_EQ(size_t(ip->total_length()), bytes.size());
        EXPECT_TRUE(
            wire::l4_checksum_ok(ip->source, ip->destination, wire::IpProtocol::icmp6, message));
        EXPECT_EQ(
            wire::view<wire::EthernetHeader>(std::span<const std::byte>(sent.bytes))->destination,
            ip->destination.multicast_mac());
        std::string text = fmt::format("{} > {}", ip->source, ip->destination);
        if (const auto* old = wire::view<wire::MldMessage>(message); old->type_number != 143) {
            text += fmt::format(" {} {}", old->type_number, old->group);
        } else {
            const auto* report = wire::view<wire::MldReport>(message);
            EXPECT_EQ(message.size(), sizeof(*report) + report->records.value() * 20U);
            for (size_t at = sizeof(*report); at < message.size(); at += 20) {
                const auto* record = wire::view<wire::MldRecord>(message.subspan(at));
                text += fmt::format(" {} {}", record->type_number, record->group);
            }
        }
        all.push_back(std::move(text));
    }
    return all;
}

/// A router whose addresses are in use at once, or after they were asked for.
struct Router : Link {
    explicit Router(unsigned duplicate_tries = 0)
        : Link([&] {
              neighbor::Settings settings;
              settings.duplicate_tries = duplicate_tries;
              return settings;
          }()) {
        groups.follow(*ip6.addresses);
    }
    ~Router() { interfaces.remove_all(); }
    void add(const char* address) { ASSERT_TRUE(ip6.addresses->add("lan", prefix6(address)).ok()); }
    /// What is told at once.
    std::vector<std::string> told() { return reports_in(sent()); }
    /// What is told in a time.
    std::vector<std::string> told_in(std::chrono::milliseconds time) {
        for (const auto end = now + time; now < end;) {
            now += 100ms;
            listener.tick(now);
        }
        return told();
    }
    /// In use and reported.
    void settle_reports() {
        add("2001:db8::1/64");
        told_in(2s);
    }
    void ask(const char* group, uint16_t max_response, bool old = false,
             interface::Index from = lan) {
        Bytes rest(old ? 16 : 20);
        const auto address = wire::testing::ip6(group);
        std::memcpy(rest.data(), &address, sizeof(address));
        const Bytes frame = packet()
                                .ethernet()
                                .ip6("fe80::9", "ff02::1")
                                .ttl(1)
                                .hop_by_hop(from_hex("05 02 00 00"))
                                .icmp6(130, 0, uint32_t(max_response) << 16)
                                .payload(rest)
                                .bytes();
        graph::Packet* one = engine->pool().allocate();
        one->resize(uint32_t(frame.size()));
        std::memcpy(one->data(), frame.data(), frame.size());
        graph::reset_metadata(*one, from);
        one->meta().l3_offset = 14;
        one->meta().l4_offset = 62;
        listener.take({&one, 1});
    }

    Clock::time_point now{1h};
    ip6::JoinedGroups groups{engine->rcu()};
    Listener listener{Listener::Parts{*engine, interfaces, *ip6.addresses, groups},
                      engine->graph().find("interface-output"), [this] { return now; }};
};

std::string lan_says(const std::string& rest) {
    return std::string(lan_link_local) + " > " + rest;
}

// The packets of scapy, an implementation of its own.
TEST(MldListener, WritesWhatOthersWrite) {
    Router router;
    router.settle_reports();
    const auto only = [&] { return router.sent().at(0).bytes; };
    router.groups.join(Link::lan, ip6("ff02::1:ff00:2"));
    EXPECT_EQ(
        only(),
        from_hex("3333000000160200000000a186dd6000000000240001fe80000000000000000000fffe0000a1"
                 "ff0200000000000000000000000000163a000502000001008f0071660000000104000000ff02"
                 "00000000000000000001ff000002"));
    router.ask("::", 0, true);
    router.told_in(100ms);
    router.groups.leave(Link::lan, ip6("ff02::1:ff00:2"));
    EXPECT_EQ(
        only(),
        from_hex("3333000000020200000000a186dd6000000000200001fe80000000000000000000fffe0000a1"
                 "ff0200000000000000000000000000023a000502000001008400807f00000000ff0200000000"
                 "00000000"
                 "0001ff000002"));
}

TEST(MldListener, ReportsWhatIsJoinedAndLeftTwice) {
    Router router;
    router.settle_reports();
    router.groups.join(Link::lan, ip6("ff02::5"));
    EXPECT_THAT(router.told(), ElementsAre(lan_says("ff02::16 4 ff02::5")));
    EXPECT_THAT(router.told_in(1100ms), ElementsAre(lan_says("ff02::16 4 ff02::5")));
    EXPECT_THAT(router.told_in(60s), IsEmpty());
    router.groups.leave(Link::lan, ip6("ff02::5"));
    EXPECT_THAT(router.told(), ElementsAre(lan_says("ff02::16 3 ff02::5")));
    EXPECT_THAT(router.told_in(1100ms), ElementsAre(lan_says("ff02::16 3 ff02::5")));
    EXPECT_THAT(router.told_in(60s), IsEmpty());
}

TEST(MldListener, AnAddressThatIsTentativeIsReportedFromNone) {
    Router router(1);
    router.add("2001:db8::1/64");
    const auto first = router.told();
    EXPECT_THAT(first, Contains(":: > ff02::16 4 ff02::1:ff00:1"));
    EXPECT_THAT(first, Contains(":: > ff02::16 4 ff02::1:ff00:a1"));
    EXPECT_THAT(first, Not(Contains(":: > ff02::16 4 ff02::1")));
    EXPECT_THAT(first, Each(HasSubstr(":: > ff02::16 4 ")));
    router.told_in(2s);
    // Nobody else has it: what was told is told again, so that it counts for all who heard.
    router.pass(1s);
    const auto again = router.told_in(1100ms);
    EXPECT_THAT(again, Contains(AllOf(HasSubstr(lan_link_local), HasSubstr("4 ff02::1:ff00:1"),
                                      HasSubstr("4 ff02::2"), HasSubstr("4 ff05::2"))));
}

TEST(MldListener, AllNodesAreNeverReported) {
    Router router;
    router.add("2001:db8::1/64");
    router.ask("::", 10);
    for (const std::string& one : router.told_in(3s)) {
        EXPECT_THAT(one + " ", Not(HasSubstr(" ff02::1 ")));
    }
}

TEST(MldListener, ALinkThatComesUpIsToldAnew) {
    Router router;
    router.settle_reports();
    router.devices[0]->cable = false;
    router.interfaces.poll_links();
    router.groups.join(Link::lan, ip6("ff02::5"));
    EXPECT_THAT(router.told_in(3s), IsEmpty());
    router.devices[0]->cable = true;
    router.interfaces.poll_links();
    EXPECT_THAT(router.told(),
                ElementsAre(lan_says("ff02::16 4 ff02::2 4 ff02::5 4 ff02::1:ff00:1 4 "
                                     "ff02::1:ff00:a1 4 ff05::2")));
}

TEST(MldListener, AnswersWithinTheTimeThatIsGiven) {
    Router router;
    router.settle_reports();
    router.ask("::", 1000);
    EXPECT_THAT(router.told_in(1100ms),
                ElementsAre(lan_says("ff02::16 2 ff02::2 2 ff02::1:ff00:1 2 ff02::1:ff00:a1 2 "
                                     "ff05::2")));
    router.ask("ff02::1:ff00:1", 1000);
    router.ask("ff02::1:ff00:1", 10'000);
    EXPECT_THAT(router.told_in(1100ms), ElementsAre(lan_says("ff02::16 2 ff02::1:ff00:1")));
    EXPECT_THAT(router.told_in(20s), IsEmpty()) << "asked twice, answered once";
    router.ask("ff02::7", 100);
    router.ask("::", 100, false, Link::wan);
    EXPECT_THAT(router.told_in(1s), IsEmpty())
        << "about a group of others, and where there is none";
}

TEST(MldListener, AQueryThatComesMeanwhileTakesNoMoreTime) {
    Router router;
    router.settle_reports();
    router.ask("::", 100);
    router.ask("::", 30'000);
    EXPECT_THAT(router.told_in(300ms), SizeIs(1));
}

TEST(MldListener, SpeaksVersion1WhereItIsAskedByThat) {
    Router router;
    router.settle_reports();
    router.ask("::", 1000, true);
    EXPECT_EQ(router.listener.list().at(0).version, 1U);
    EXPECT_EQ(router.listener.list().at(0).querier, ip6("fe80::9"));
    EXPECT_THAT(router.told_in(1100ms),
                ::testing::UnorderedElementsAre(lan_says("ff02::2 131 ff02::2"),
                                                lan_says("ff05::2 131 ff05::2"),
                                                lan_says("ff02::1:ff00:1 131 ff02::1:ff00:1"),
                                                lan_says("ff02::1:ff00:a1 131 ff02::1:ff00:a1")));
    router.groups.join(Link::lan, ip6("ff02::5"));
    EXPECT_THAT(router.told_in(1100ms), Each(lan_says("ff02::5 131 ff02::5")));
    router.groups.leave(Link::lan, ip6("ff02::5"));
    EXPECT_THAT(router.told_in(1100ms), Each(lan_says("ff02::2 132 ff02::5")));
    // RFC 3810 9.12: 260 s later it is gone.
    router.told_in(261s);
    EXPECT_EQ(router.listener.list().at(0).version, 2U);
    router.groups.join(Link::lan, ip6("ff02::5"));
    EXPECT_THAT(router.told(), ElementsAre(lan_says("ff02::16 4 ff02::5")));
}

TEST(MldListener, ManyGroupsAreReportedInPacketsThatEveryLinkCarries) {
    Router router;
    router.settle_reports();
    for (unsigned i = 0; i < 200; ++i) {
        router.groups.join(Link::lan, wire::Ip6Address(0xff05'0000'0000'0000, 0x1000 + i));
        router.sent();
    }
    router.told_in(2s);
    router.ask("::", 100);
    router.now += 200ms;
    router.listener.tick(router.now);
    const auto frames = router.sent();
    EXPECT_THAT(frames, SizeIs(4));
    for (const Sent& frame : frames) {
        EXPECT_LE(frame.bytes.size(), sizeof(wire::EthernetHeader) + 1280);
    }
}

TEST(MldListener, CountsForPeople) {
    Router router;
    router.settle_reports();
    const uint64_t before = router.listener.list().at(0).reports;
    router.ask("::", 0);
    router.told_in(200ms);
    const auto state = router.listener.list().at(0);
    EXPECT_EQ(state.interface, Link::lan);
    EXPECT_EQ(state.queries, 1U);
    EXPECT_EQ(state.reports, before + 1);
}

}  // namespace
}  // namespace vnet::mld
