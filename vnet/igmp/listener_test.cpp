// SPDX-License-Identifier: Apache-2.0
#include "vnet/igmp/listener.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "vnet/neighbor/testing/link.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/igmp.hpp"

// What both protocols have in common, such as times, is tested with MLD.
namespace vnet::igmp {
namespace {

using namespace std::chrono_literals;
using neighbor::testing::Link;
using neighbor::testing::Sent;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using wire::testing::Bytes;
using wire::testing::from_hex;
using wire::testing::ip;
using wire::testing::packet;

/// "<destination> <type> <group>, ..." of each message of this protocol.
std::vector<std::string> reports_in(const std::vector<Sent>& frames) {
    std::vector<std::string> all;
    for (const Sent& sent : frames) {
        const std::span<const std::byte> frame(sent.bytes);
        const auto bytes = frame.subspan(sizeof(wire::EthernetHeader));
        const auto* ip = wire::view<wire::Ip4Header>(bytes);
        if (ip == nullptr || ip->protocol() != wire::IpProtocol::igmp) {
            continue;
        }
        const auto message = bytes.subspan(24);
        EXPECT_EQ(ip->ttl, 1);
        EXPECT_EQ(ip->header_length(), 24U);
        EXPECT_EQ(ip->total_length.value(), bytes.size());
        EXPECT_TRUE(wire::ip4_header_checksum_ok(bytes));
        EXPECT_TRUE(wire::InternetSum().add(message).is_valid());
        EXPECT_EQ(wire::view<wire::EthernetHeader>(frame)->destination,
                  ip->destination.multicast_mac());
        std::string text = fmt::format("{}", ip->destination);
        if (const auto* old = wire::view<wire::IgmpMessage>(message);
            old->type() != wire::IgmpType::report_3) {
            text += fmt::format(" {:x} {}", old->type_number, old->group);
        } else {
            const auto* report = wire::view<wire::IgmpReport>(message);
            EXPECT_EQ(message.size(), sizeof(*report) + report->records.value() * 8U);
            for (size_t at = sizeof(*report); at < message.size(); at += 8) {
                const auto* record = wire::view<wire::IgmpRecord>(message.subspan(at));
                text += fmt::format(" {} {}", record->type_number, record->group);
            }
        }
        all.push_back(std::move(text));
    }
    return all;
}

struct Router : Link {
    ~Router() { interfaces.remove_all(); }
    std::vector<std::string> told() { return reports_in(sent()); }
    /// What is told in a time.
    std::vector<std::string> told_in(std::chrono::milliseconds time) {
        for (const auto end = now + time; now < end;) {
            now += 100ms;
            listener.tick(now);
        }
        return told();
    }
    /// A query of this hexadecimal text, without its checksum.
    void ask(const char* hex, const char* to = "224.0.0.1") {
        Bytes message = from_hex(hex);
        const wire::Be16 checksum = wire::internet_checksum(message);
        std::memcpy(message.data() + 2, &checksum, sizeof(checksum));
        const Bytes frame = packet()
                                .ethernet()
                                .ip4("10.0.0.9", to)
                                .ttl(1)
                                .protocol(wire::IpProtocol::igmp)
                                .payload(message)
                                .bytes();
        graph::Packet* one = engine->pool().allocate();
        one->resize(uint32_t(frame.size()));
        std::memcpy(one->data(), frame.data(), frame.size());
        graph::reset_metadata(*one, lan);
        one->meta().l3_offset = 14;
        listener.take({&one, 1});
    }

    Clock::time_point now{1h};
    membership::JoinedGroups<wire::Ip4Address> groups{engine->rcu()};
    Listener listener{Listener::Parts{*engine, interfaces, *ip4.addresses, groups},
                      engine->graph().find("interface-output"), [this] { return now; }};
};

constexpr const char* general_3 = "11 0a 0000 00000000 02 7d 0000";

// The packet of scapy, an implementation of its own.
TEST(IgmpListener, WritesWhatOthersWrite) {
    Router router;
    router.groups.join(Link::lan, ip("239.1.1.1"));
    EXPECT_EQ(router.sent().at(0).bytes,
              from_hex("01005e0000160200000000a1080046c0002800000000010239f90a000001e0000016940400"
                       "002200e9fb0000000104000000ef010101"));
}

TEST(IgmpListener, ReportsWhatIsJoinedAndLeftTwice) {
    Router router;
    router.groups.join(Link::lan, ip("239.1.1.1"));
    EXPECT_THAT(router.told(), ElementsAre("224.0.0.22 4 239.1.1.1"));
    EXPECT_THAT(router.told_in(1100ms), ElementsAre("224.0.0.22 4 239.1.1.1"));
    EXPECT_THAT(router.told_in(60s), IsEmpty());
    router.groups.join(Link::lan, ip("239.1.1.1"));
    router.groups.leave(Link::lan, ip("239.1.1.1"));
    EXPECT_THAT(router.told_in(3s), IsEmpty()) << "somebody still listens";
    router.groups.leave(Link::lan, ip("239.1.1.1"));
    EXPECT_THAT(router.told(), ElementsAre("224.0.0.22 3 239.1.1.1"));
}

TEST(IgmpListener, AnswersWithinTheTimeThatIsGiven) {
    Router router;
    router.groups.join(Link::lan, ip("239.1.1.1"));
    router.groups.join(Link::lan, ip("239.1.1.2"));
    router.groups.join(Link::lan, ip("224.0.0.1"));
    router.told_in(3s);
    router.ask(general_3);
    EXPECT_THAT(router.told_in(1100ms), ElementsAre("224.0.0.22 2 239.1.1.1 2 239.1.1.2"))
        << "all systems are never reported";
    router.ask("11 0a 0000 ef010102 02 7d 0000", "239.1.1.2");
    EXPECT_THAT(router.told_in(1100ms), ElementsAre("224.0.0.22 2 239.1.1.2"));
    EXPECT_EQ(router.listener.list().at(0).querier, ip("10.0.0.9"));
    EXPECT_EQ(router.listener.list().at(0).queries, 2U);
}

TEST(IgmpListener, SpeaksOlderVersionsWhereItIsAskedByThem) {
    Router router;
    router.groups.join(Link::lan, ip("239.1.1.1"));
    router.told_in(3s);
    router.ask("11 0a 0000 00000000");
    EXPECT_EQ(router.listener.list().at(0).version, 2U);
    EXPECT_THAT(router.told_in(1100ms), ElementsAre("239.1.1.1 16 239.1.1.1"));
    router.groups.leave(Link::lan, ip("239.1.1.1"));
    EXPECT_THAT(router.told_in(1100ms), Each("224.0.0.2 17 239.1.1.1"));
    router.groups.join(Link::lan, ip("239.1.1.2"));
    router.told_in(3s);
    router.ask("11 00 0000 00000000");
    EXPECT_EQ(router.listener.list().at(0).version, 1U);
    EXPECT_THAT(router.told_in(10'100ms), ElementsAre("239.1.1.2 12 239.1.1.2"));
    router.groups.leave(Link::lan, ip("239.1.1.2"));
    EXPECT_THAT(router.told_in(2s), IsEmpty()) << "version 1 has no word for it";
    router.told_in(261s);
    EXPECT_EQ(router.listener.list().at(0).version, 3U);
}

TEST(IgmpListener, AnInterfaceThatGoesIsForgotten) {
    Router router;
    router.groups.join(Link::lan, ip("239.1.1.1"));
    EXPECT_THAT(router.listener.list(), SizeIs(1));
    ASSERT_TRUE(router.interfaces.remove("lan").ok());
    EXPECT_THAT(router.listener.list(), IsEmpty());
    router.groups.leave(Link::lan, ip("239.1.1.1"));
    EXPECT_THAT(router.listener.list(), IsEmpty());
    router.told_in(1s);
}

}  // namespace
}  // namespace vnet::igmp
