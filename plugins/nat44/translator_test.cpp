// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/translator.hpp"

#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <map>
#include <set>

#include "plugins/nat44/testing/world.hpp"

namespace nat44 {
namespace {

using testing::gre;
using testing::icmp;
using testing::key;
using testing::lan;
using testing::owner;
using testing::tcp;
using testing::udp;
using testing::wan;
using testing::World;
using vnet::flow::Direction;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;
using vnet::wire::testing::ip;
using vnet::wire::testing::prefix;

PoolSettings independent() {
    PoolSettings settings;
    settings.mapping = MappingKind::endpoint_independent;
    return settings;
}
PoolSettings blocks(uint32_t size, uint32_t most) {
    PoolSettings settings;
    settings.block_size = size;
    settings.blocks_per_host = most;
    return settings;
}
PoolSettings deterministic() {
    PoolSettings settings;
    settings.deterministic = true;
    settings.inside = prefix("10.0.0.0/24");
    return settings;
}
StaticMapping forward(const char* outside, uint16_t port, const char* inside, uint16_t to) {
    StaticMapping mapping;
    mapping.outside = ip(outside);
    mapping.port = port;
    mapping.protocol = tcp;
    mapping.targets = {{ip(inside), to, 1}};
    return mapping;
}
StaticMapping one_to_one(const char* outside, const char* inside) {
    StaticMapping mapping;
    mapping.outside = ip(outside);
    mapping.targets = {{ip(inside), 0, 1}};
    return mapping;
}

TEST(Translator, WhoHasNoPoolIsLeftAlone) {
    World world;
    EXPECT_EQ(world.out(key(tcp, "10.0.0.1", 1000, "198.51.100.1", 80)), Verdict::not_ours);
    PoolSettings settings;
    settings.inside = prefix("10.1.0.0/16");
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    EXPECT_EQ(world.out(key(tcp, "10.0.0.1", 1000, "198.51.100.1", 80)), Verdict::not_ours);
    EXPECT_EQ(world.out(key(tcp, "10.1.0.1", 1000, "198.51.100.1", 80)), Verdict::made);
}

TEST(Translator, PortsAreOfTheRangeRandomAndOfTheSameParity) {
    for (const bool eim : {false, true}) {
        World world;
        PoolSettings settings = eim ? independent() : PoolSettings();
        settings.ports = {20000, 29999};
        world.pool(settings, "192.0.2.1", "192.0.2.1");
        std::set<uint16_t> ports;
        for (const uint8_t protocol : {tcp, udp, icmp}) {
            for (uint16_t port = 1; port <= 300; ++port) {
                const uint16_t to = protocol == icmp ? port : 53;
                ASSERT_EQ(world.out(key(protocol, "10.0.0.1", port, "198.51.100.1", to)),
                          Verdict::made);
                EXPECT_GE(world.outside_port(), 20000);
                EXPECT_LE(world.outside_port(), 29999);
                EXPECT_EQ(world.outside_port() % 2, port % 2);
                ports.insert(world.outside_port());
            }
        }
        // Spread over all of them, not one behind the other.
        EXPECT_GT(*ports.rbegin() - *ports.begin(), 9000);
        world.end_all();
        world.expect_empty();
    }
}

TEST(Translator, MappingsAreAsThePoolSays) {
    World world;
    world.pool(independent(), "192.0.2.1", "192.0.2.4");
    std::set<std::pair<Ip4Address, uint16_t>> outside;
    for (uint16_t port = 1; port <= 50; ++port) {
        ASSERT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", port)), Verdict::made);
        outside.emplace(world.last.reverse.destination, world.outside_port());
    }
    EXPECT_EQ(outside.size(), 1U);
    EXPECT_EQ(world.use_of(0).ports, (std::array<uint64_t, port_protocols>{0, 1, 0}));
    const Session one = world.last;
    // Nobody else is let in, and the mapping lives as long as one session does.
    EXPECT_EQ(world.in({ip("203.0.113.9"), one.reverse.destination,
                        vnet::flow::Ports::of(7, one.reverse.ports.destination()), 0, udp, 0}),
              Verdict::filtered);
    EXPECT_EQ(world.in(key(udp, "203.0.113.9", 7, "192.0.2.99", 9)), Verdict::no_session);
    // All of a host have one address (RFC 4787 REQ-2).
    for (uint16_t port = 1; port <= 50; ++port) {
        ASSERT_EQ(world.out(key(tcp, "10.0.0.1", port, "198.51.100.1", 80)), Verdict::made);
        EXPECT_EQ(world.last.reverse.destination, one.reverse.destination);
    }
    world.end_all();
    world.expect_empty();
}

TEST(Translator, AnOpenPortIsAnybodysWhereFilteringSaysSo) {
    World world;
    PoolSettings settings = independent();
    settings.filtering = Filtering::endpoint_independent;
    settings.sessions_per_host = 3;
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", 53)), Verdict::made);
    const uint16_t port = world.outside_port();
    const Key from = key(udp, "203.0.113.9", 7, "192.0.2.1", port);
    ASSERT_EQ(world.in(from), Verdict::made);
    EXPECT_EQ(world.last.reverse, key(udp, "10.0.0.1", 5000, "203.0.113.9", 7));
    ASSERT_EQ(world.in(key(udp, "203.0.113.9", 8, "192.0.2.1", port)), Verdict::made);
    ASSERT_EQ(world.in(key(udp, "203.0.113.9", 9, "192.0.2.1", port)), Verdict::made);
    EXPECT_EQ(world.in(key(udp, "203.0.113.9", 10, "192.0.2.1", port)), Verdict::host_limit);
    // Nobody outside uses up what the host may begin itself.
    for (const uint16_t to : {54, 55, 56}) {
        EXPECT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", to)),
                  to < 56 ? Verdict::made : Verdict::host_limit);
    }
    EXPECT_EQ(world.in(key(tcp, "203.0.113.9", 9, "192.0.2.1", port)), Verdict::no_session);
    world.end_all();
    world.expect_empty();
}

/// RFC 4787 REQ-8, RFC 5382 REQ-3.
TEST(Translator, AnOpenPortIsTheirsWhoseAddressWasSpokenTo) {
    for (const uint8_t protocol : {tcp, udp}) {
        World world;
        PoolSettings settings = independent();
        settings.filtering = Filtering::address_dependent;
        world.pool(settings, "192.0.2.1", "192.0.2.1");
        ASSERT_EQ(world.out(key(protocol, "10.0.0.1", 5000, "198.51.100.1", 53)), Verdict::made);
        const Session first = world.last;
        const uint16_t port = world.outside_port();
        const auto from = [&](const char* remote, uint16_t remote_port) {
            return key(protocol, remote, remote_port, "192.0.2.1", port);
        };
        EXPECT_EQ(world.in(from("198.51.100.2", 53)), Verdict::filtered);
        ASSERT_EQ(world.in(from("198.51.100.1", 54)), Verdict::made);
        EXPECT_EQ(world.last.reverse, key(protocol, "10.0.0.1", 5000, "198.51.100.1", 54));
        // Of another port of the host's, the address is none that was spoken to.
        ASSERT_EQ(world.out(key(protocol, "10.0.0.1", 5001, "198.51.100.2", 53)), Verdict::made);
        EXPECT_EQ(world.in(from("198.51.100.2", 53)), Verdict::filtered);
        // While there is a session with the address, whoever began it.
        auto& table = world.tables.of(0);
        table.end(table.find(first.forward).index(), vnet::flow::Ending::removed);
        ASSERT_EQ(world.in(from("198.51.100.1", 55)), Verdict::made);
        ASSERT_EQ(world.out(key(protocol, "10.0.0.1", 5000, "198.51.100.3", 53)), Verdict::made);
        for (const uint16_t remote_port : {54, 55}) {
            table.end(table.find(from("198.51.100.1", remote_port)).index(),
                      vnet::flow::Ending::removed);
        }
        EXPECT_EQ(world.in(from("198.51.100.1", 56)), Verdict::filtered);
        EXPECT_EQ(world.in(from("198.51.100.3", 1)), Verdict::made);
        world.end_all();
        world.expect_empty();
    }
}

/// Hosts inside know one another by their outside addresses.
TEST(Translator, HairpinsToWhoHasSpokenToTheAddress) {
    World world;
    PoolSettings settings = independent();
    settings.filtering = Filtering::address_dependent;
    settings.inside = prefix("10.0.0.0/24");
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    settings.filtering = Filtering::endpoint_independent;
    settings.inside = prefix("10.0.1.0/24");
    world.pool(settings, "192.0.2.2", "192.0.2.2");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", 53)), Verdict::made);
    const uint16_t guarded = world.outside_port();
    ASSERT_EQ(world.out(key(udp, "10.0.1.1", 6000, "198.51.100.1", 53)), Verdict::made);
    const uint16_t open = world.outside_port();
    const Key asked = key(udp, "10.0.1.1", 6001, "192.0.2.1", guarded);
    EXPECT_EQ(world.hairpin(asked), Verdict::filtered);
    ASSERT_EQ(world.hairpin(key(udp, "10.0.0.1", 5000, "192.0.2.2", open)), Verdict::made);
    ASSERT_EQ(world.hairpin(asked), Verdict::made);
    EXPECT_EQ(world.last.reverse.source, ip("10.0.0.1"));
    world.end_all();
    world.expect_empty();
}

/// Two hosts that filter punch holes to one another (RFC 4787 REQ-9, RFC 5128 3.3).
TEST(Translator, HairpinsToWhoHasSpokenFirst) {
    for (const Filtering filtering :
         {Filtering::address_and_port_dependent, Filtering::address_dependent}) {
        World world;
        PoolSettings settings = independent();
        settings.filtering = filtering;
        settings.inside = prefix("10.0.0.0/24");
        world.pool(settings, "192.0.2.1", "192.0.2.1");
        settings.inside = prefix("10.0.1.0/24");
        world.pool(settings, "192.0.2.2", "192.0.2.2");
        const Key to_server = key(udp, "10.0.0.1", 5000, "198.51.100.1", 53);
        ASSERT_EQ(world.out(to_server), Verdict::made);
        const uint16_t one = world.outside_port();
        ASSERT_EQ(world.out(key(udp, "10.0.1.1", 6000, "198.51.100.1", 53)), Verdict::made);
        const uint16_t other = world.outside_port();
        const Key there = key(udp, "10.0.0.1", 5000, "192.0.2.2", other);
        const Key back = key(udp, "10.0.1.1", 6000, "192.0.2.1", one);
        EXPECT_EQ(world.hairpin(there), Verdict::filtered);
        EXPECT_EQ(world.hairpin(there), Verdict::filtered);
        EXPECT_EQ(world.hairpin(key(udp, "10.0.1.2", 6000, "192.0.2.1", one)),
                  filtering == Filtering::address_dependent ? Verdict::made : Verdict::filtered);
        // The attempt alone holds the mapping.
        auto& table = world.tables.of(0);
        table.end(table.find(to_server).index(), vnet::flow::Ending::removed);
        ASSERT_EQ(world.hairpin(back), Verdict::made);
        EXPECT_EQ(world.last.reverse, there);
        EXPECT_TRUE(table.find(there));
        world.end_all();
        world.expect_empty();
    }
}

/// Who was filtered is let in by the same outside end when the other one has spoken to it.
TEST(Translator, AnAttemptBecomesASession) {
    World world;
    PoolSettings settings = independent();
    settings.filtering = Filtering::address_dependent;
    settings.inside = prefix("10.0.0.0/24");
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    settings.filtering = Filtering::endpoint_independent;
    settings.inside = prefix("10.0.1.0/24");
    world.pool(settings, "192.0.2.2", "192.0.2.2");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", 53)), Verdict::made);
    const uint16_t one = world.outside_port();
    const Key asked = key(udp, "10.0.1.1", 6000, "192.0.2.1", one);
    EXPECT_EQ(world.hairpin(asked), Verdict::filtered);
    auto& table = world.tables.of(0);
    const uint16_t open = table[table.find(asked).index()].reverse.ports.destination();
    // Somebody else's, by the same address.
    ASSERT_EQ(world.out(key(udp, "10.0.1.2", 7000, "198.51.100.1", 53)), Verdict::made);
    const uint16_t others = world.outside_port();
    EXPECT_EQ(world.hairpin(asked), Verdict::filtered);
    ASSERT_EQ(world.hairpin(key(udp, "10.0.0.1", 5000, "192.0.2.2", others)), Verdict::made);
    ASSERT_EQ(world.hairpin(asked), Verdict::made);
    EXPECT_EQ(world.last.reverse, key(udp, "10.0.0.1", 5000, "192.0.2.2", open));
    world.end_all();
    world.expect_empty();
}

TEST(Translator, NoTwoSessionsAreAnsweredAlike) {
    for (const PoolSettings& settings : {PoolSettings(), independent(), blocks(64, 4)}) {
        World world;
        world.pool(settings, "192.0.2.1", "192.0.2.8");
        auto& table = world.tables.of(0);
        std::map<std::pair<uint64_t, uint64_t>, Key> there;
        for (unsigned host = 0; host < 2000; ++host) {
            const Ip4Address source(ip("10.0.0.0").value() + host);
            for (uint16_t n = 0; n < 5; ++n) {
                const uint8_t protocol = n < 2 ? tcp : n < 4 ? udp : icmp;
                const uint16_t to = protocol == icmp ? 1000 + n : uint16_t(80 + n % 2);
                const Key asked{source,
                                ip(n % 2 == 0 ? "198.51.100.1" : "198.51.100.2"),
                                vnet::flow::Ports::of(uint16_t(1000 + n), to),
                                0,
                                protocol,
                                0};
                const Verdict verdict = world.out(asked);
                if (verdict == Verdict::no_block) {
                    continue;
                }
                ASSERT_EQ(verdict, Verdict::made);
                const Key reply = world.last.reverse;
                ASSERT_TRUE(
                    there.emplace(std::pair(reply.addresses(), reply.rest()), asked).second);
                const Ref back = table.find(reply);
                ASSERT_TRUE(back);
                ASSERT_EQ(back.direction(), Direction::reverse);
                ASSERT_EQ(table[back.index()].forward, asked);
            }
        }
        EXPECT_GT(there.size(), 4000U);
        world.end_all();
        world.expect_empty();
    }
}

TEST(Translator, WhatIsUsedUpIsRefusedByName) {
    World world;
    PoolSettings settings;
    settings.ports = {5000, 5009};
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    for (uint16_t port = 1; port <= 10; ++port) {
        ASSERT_EQ(world.out(key(tcp, "10.0.0.1", port, "198.51.100.1", 80)), Verdict::made);
    }
    EXPECT_EQ(world.out(key(tcp, "10.0.0.1", 11, "198.51.100.1", 80)), Verdict::no_port);
    EXPECT_EQ(world.out(key(tcp, "10.0.0.2", 11, "198.51.100.1", 80)), Verdict::no_port);
    // To somebody else, and by another protocol, the same ports serve again.
    EXPECT_EQ(world.out(key(tcp, "10.0.0.1", 11, "198.51.100.2", 80)), Verdict::made);
    EXPECT_EQ(world.out(key(udp, "10.0.0.1", 11, "198.51.100.1", 80)), Verdict::made);
    EXPECT_EQ(world.hosts(), 1U);
    EXPECT_EQ(world.use_of(0).refused, (std::array<uint64_t, refusals>{0, 2, 0, 0}));
    EXPECT_EQ(world.use_of(0).created, 12U);
    world.end_all();
    world.expect_empty();

    World limited;
    settings.sessions_per_host = 2;
    limited.pool(settings, "192.0.2.1", "192.0.2.1");
    for (uint16_t port = 1; port <= 3; ++port) {
        EXPECT_EQ(limited.out(key(tcp, "10.0.0.1", port, "198.51.100.1", 80)),
                  port <= 2 ? Verdict::made : Verdict::host_limit);
    }
    EXPECT_EQ(limited.out(key(tcp, "10.0.0.2", 1, "198.51.100.1", 80)), Verdict::made);
}

/// A host that another pool is for from now on has mappings of that one, beside those that it has.
TEST(Translator, APoolHasMappingsOfItsOwn) {
    World world;
    PoolSettings settings = independent();
    settings.filtering = Filtering::endpoint_independent;
    settings.inside = prefix("10.0.0.0/8");
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 1000, "198.51.100.1", 53)), Verdict::made);
    const Session old = world.last;
    settings.inside = prefix("10.0.0.0/24");
    world.pool(settings, "192.0.2.2", "192.0.2.2");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 1000, "198.51.100.2", 53)), Verdict::made);
    const uint16_t port = world.outside_port();
    EXPECT_EQ(world.last.reverse.destination, ip("192.0.2.2"));
    auto& table = world.tables.of(0);
    table.end(table.find(old.forward).index(), vnet::flow::Ending::removed);
    EXPECT_EQ(world.in(key(udp, "203.0.113.9", 7, "192.0.2.1", old.reverse.ports.destination())),
              Verdict::no_session);
    EXPECT_EQ(world.in(key(udp, "203.0.113.9", 7, "192.0.2.2", port)), Verdict::made);
    world.end_all();
    world.expect_empty();
}

/// By two uplinks, each of a VRF with a pool.
TEST(Translator, AnInsidePortHasAMappingInEachOutsideVrf) {
    World world;
    PoolSettings settings = independent();
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    settings.outside_vrf = 2;
    world.pool(settings, "192.0.2.2", "192.0.2.2");
    const Key first = key(udp, "10.0.0.1", 1000, "198.51.100.1", 53);
    const Key second = key(udp, "10.0.0.1", 1000, "198.51.100.2", 53);
    ASSERT_EQ(world.out(first), Verdict::made);
    Ref ref;
    ASSERT_EQ(world.translators.of(0).outbound(world.ask(second), 2, ref), Verdict::made);
    EXPECT_EQ(world.tables.of(0)[ref.index()].reverse.destination, ip("192.0.2.2"));
    world.end_all();
    world.expect_empty();
}

/// Of one port inside to one other by two outside ends, answers could not be told apart.
TEST(Translator, NoTwoHairpinnedSessionsAreAnsweredAlike) {
    World world;
    world.pool(independent(), "192.0.2.1", "192.0.2.1");
    world.add_static(forward("192.0.2.1", 80, "10.0.0.5", 8080));
    world.add_static(forward("192.0.2.1", 81, "10.0.0.5", 8080));
    ASSERT_EQ(world.hairpin(key(tcp, "10.0.0.1", 1000, "192.0.2.1", 80)), Verdict::made);
    EXPECT_EQ(world.hairpin(key(tcp, "10.0.0.1", 1000, "192.0.2.1", 81)), Verdict::clash);
    EXPECT_EQ(world.hairpin(key(tcp, "10.0.0.1", 1001, "192.0.2.1", 81)), Verdict::made);
    world.end_all();
    world.expect_empty();
}

/// What has no ports that are translated takes none of a block, whatever its own are.
TEST(Translator, ABlockIsHeldByWhatHasItsPorts) {
    constexpr uint8_t sctp = 132;
    World world;
    PoolSettings settings = blocks(64, 1);
    settings.ports = {1024, 1024 + 63};
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    const Key portless = key(sctp, "10.0.0.1", 1030, "198.51.100.1", 80);
    ASSERT_EQ(world.out(portless), Verdict::made);
    ASSERT_EQ(world.out(key(tcp, "10.0.0.1", 1000, "198.51.100.1", 80)), Verdict::made);
    auto& table = world.tables.of(0);
    table.end(table.find(portless).index(), vnet::flow::Ending::removed);
    EXPECT_EQ(world.states[0]->blocks->free(), 0U);
    EXPECT_EQ(world.out(key(tcp, "10.0.0.2", 1000, "198.51.100.1", 80)), Verdict::no_block);
    world.end_all();
    world.expect_empty();
}

/// Of whatever direction the packet was that is refused.
TEST(Translator, RefusalsTellOfTheHostInside) {
    std::vector<LogRecord> told;
    World world;
    const auto sink = world.log.add_sink([&](std::span<const LogRecord> records) {
        std::copy_if(records.begin(), records.end(), std::back_inserter(told),
                     [](const LogRecord& record) { return is_limited(record.kind); });
    });
    PoolSettings settings = independent();
    settings.filtering = Filtering::endpoint_independent;
    settings.sessions_per_host = 1;
    settings.ports = {5000, 5000};
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 1000, "198.51.100.1", 53)), Verdict::made);
    ASSERT_EQ(world.in(key(udp, "203.0.113.9", 7, "192.0.2.1", 5000)), Verdict::made);
    ASSERT_EQ(world.in(key(udp, "203.0.113.9", 8, "192.0.2.1", 5000)), Verdict::host_limit);
    ASSERT_EQ(world.out(key(udp, "10.0.0.2", 1002, "198.51.100.1", 53)), Verdict::no_port);
    (void)world.log.drain();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, LogKind::user_exceeded);
    EXPECT_EQ(told[0].inside, ip("10.0.0.1"));
    EXPECT_EQ(told[0].inside_port, 1000);
    EXPECT_EQ(told[1].kind, LogKind::ports_exhausted);
    EXPECT_EQ(told[1].inside, ip("10.0.0.2"));
    for (const LogRecord& record : told) {
        EXPECT_EQ(record.outside, ip("192.0.2.1"));
    }
}

/// What is short is counted apart from what a host may not have more of: one host that asks for too
/// much is no want of the pool's.
TEST(Translator, AHostsOwnLimitIsNoWantOfPorts) {
    std::vector<LogRecord> told;
    World world;
    const auto sink = world.log.add_sink([&](std::span<const LogRecord> records) {
        std::copy_if(records.begin(), records.end(), std::back_inserter(told),
                     [](const LogRecord& record) { return is_limited(record.kind); });
    });
    const auto refused = [&](uint16_t pool, Refusal why) {
        const PoolUse use = world.use_of(pool);
        EXPECT_EQ(use.refused_in_all(), use.refused[size_t(why)]) << name(why);
        return use.refused[size_t(why)];
    };
    PoolSettings settings = blocks(64, 1);
    settings.ports = {1024, 1024 + 64 * 2 - 1};
    settings.inside = prefix("10.0.0.0/24");
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    settings = deterministic();
    settings.inside = prefix("10.0.1.0/24");
    settings.ports = {1024, 1024 + 256 * 16 - 1};
    world.pool(settings, "192.0.2.2", "192.0.2.2");
    for (const char* host : {"10.0.0.1", "10.0.1.1"}) {
        const uint16_t most = host == std::string("10.0.0.1") ? 64 : 16;
        for (uint16_t port = 1; port <= most + 1; ++port) {
            EXPECT_EQ(world.out(key(tcp, host, port, "198.51.100.1", 80)),
                      port <= most ? Verdict::made : Verdict::host_ports);
        }
    }
    EXPECT_EQ(refused(0, Refusal::host_ports), 1U);
    EXPECT_EQ(refused(1, Refusal::host_ports), 1U);
    (void)world.log.drain();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, LogKind::user_exceeded);
    EXPECT_EQ(told[0].limit, 64U);
    EXPECT_EQ(told[1].limit, 16U);
    // By address alone one host speaks with somebody, whatever ports there are.
    settings = independent();
    settings.inside = prefix("10.0.2.0/24");
    world.pool(settings, "192.0.2.3", "192.0.2.3");
    EXPECT_EQ(world.out(key(gre, "10.0.2.1", 0, "198.51.100.1", 0)), Verdict::made);
    EXPECT_EQ(world.out(key(gre, "10.0.2.2", 0, "198.51.100.1", 0)), Verdict::clash);
    EXPECT_EQ(refused(2, Refusal::clash), 1U);
    world.end_all();
    world.expect_empty();
}

/// Where no port is free that is found out once a tick, not for each packet that is refused.
TEST(Translator, WhatIsUsedUpIsLookedForOnceATick) {
    for (const bool twice : {false, true}) {
        World world(2);
        PoolSettings settings;
        settings.ports = {5000, 5009};
        world.pool(settings, "192.0.2.1", "192.0.2.1");
        StaticMapping mapping = forward("192.0.2.1", 80, "10.0.0.5", 8080);
        mapping.twice = twice;
        world.add_static(mapping);
        const auto ask = [&](uint16_t port) {
            return twice ? world.in(key(tcp, "198.51.100.1", port, "192.0.2.1", 80))
                         : world.out(key(tcp, "10.0.0.1", port, "198.51.100.1", 80));
        };
        // Connections to a forwarded port are of the workers of their clients, which have five
        // ports each; those of a host are of one.
        const uint16_t most = twice ? 11 : 6;
        uint16_t port = 1;
        while (ask(port) == Verdict::made) {
            ASSERT_LE(++port, most);
        }
        EXPECT_GE(port, 6);
        world.tables.of(world.worker).end(1, vnet::flow::Ending::removed);
        EXPECT_EQ(ask(port), Verdict::no_port);
        ++world.now;
        EXPECT_EQ(ask(port), Verdict::made);
        world.end_all();
        world.expect_empty();
    }
}

/// RFC 6888 REQ-8.
TEST(Translator, APortIsNobodyElsesForAWhile) {
    World world;
    PoolSettings settings = independent();
    settings.ports = {5000, 5003};
    settings.hold_down_s = 120;
    settings.hold_down_ports = 3;
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    const auto ask = [&](uint8_t protocol, uint16_t port) {
        return world.out(key(protocol, "10.0.0.1", port, "198.51.100.1", 53));
    };
    for (const uint8_t protocol : {tcp, udp}) {
        for (uint16_t port = 1; port <= 3; ++port) {
            ASSERT_EQ(ask(protocol, port), Verdict::made);
        }
    }
    world.end_all();
    // One was left, the others are held; connections are followed, and their ports free.
    EXPECT_EQ(ask(udp, 4), Verdict::made);
    EXPECT_EQ(ask(udp, 5), Verdict::no_port);
    for (uint16_t port = 1; port <= 4; ++port) {
        EXPECT_EQ(ask(tcp, port), Verdict::made);
    }
    // Of four that were given back no more than three are held.
    world.end_all();
    EXPECT_EQ(ask(udp, 6), Verdict::made);
    EXPECT_EQ(ask(udp, 7), Verdict::no_port);
    world.now = world.tables.tick(rte_rdtsc()) + 121 * vnet::flow::ticks_per_second;
    for (uint16_t port = 7; port <= 9; ++port) {
        EXPECT_EQ(ask(udp, port), Verdict::made);
    }
    EXPECT_EQ(ask(udp, 10), Verdict::no_port);
}

TEST(Translator, ABlockIsNobodyElsesForAWhile) {
    World world;
    PoolSettings settings = blocks(64, 1);
    settings.ports = {1024, 1024 + 64 * 3 - 1};
    settings.hold_down_s = 120;
    settings.hold_down_ports = 128;
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    const auto ask = [&](const char* host) {
        const Verdict verdict = world.out(key(tcp, host, 1000, "198.51.100.1", 80));
        return verdict == Verdict::made ? (world.outside_port() - 1024) / 64 : -1;
    };
    const int first = ask("10.0.0.1");
    const int second = ask("10.0.0.2");
    world.end_all();
    EXPECT_EQ(ask("10.0.0.3"), 3 - first - second);
    EXPECT_EQ(ask("10.0.0.4"), -1);
    // It comes back to its own.
    EXPECT_EQ(ask("10.0.0.2"), second);
    world.now = world.tables.tick(rte_rdtsc()) + 121 * vnet::flow::ticks_per_second;
    EXPECT_EQ(ask("10.0.0.4"), first);
}

/// RFC 6888 REQ-4.
TEST(Translator, AHostBeginsNoMoreASecondThanItMay) {
    World world;
    PoolSettings settings;
    settings.new_sessions_per_second = 10;
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    uint16_t port = 0;
    const auto ask = [&](const char* host) {
        return world.out(key(tcp, host, ++port, "198.51.100.1", 80));
    };
    for (unsigned i = 0; i < 10; ++i) {
        EXPECT_EQ(ask("10.0.0.1"), Verdict::made);
    }
    EXPECT_EQ(ask("10.0.0.1"), Verdict::host_rate);
    EXPECT_EQ(ask("10.0.0.2"), Verdict::made);
    world.tsc += rte_get_tsc_hz() * 21 / 100;
    EXPECT_EQ(ask("10.0.0.1"), Verdict::made);
    EXPECT_EQ(ask("10.0.0.1"), Verdict::made);
    EXPECT_EQ(ask("10.0.0.1"), Verdict::host_rate);
    // After a pause as long as time takes to wrap, and a bit, it may again.
    world.tsc += rte_get_tsc_hz() / 1'000'000 * ((uint64_t{1} << 32) - 1'000'000);
    for (unsigned i = 0; i < 10; ++i) {
        EXPECT_EQ(ask("10.0.0.1"), Verdict::made);
    }
    EXPECT_EQ(ask("10.0.0.1"), Verdict::host_rate);
    world.end_all();
    world.expect_empty();
}

/// Where all that there is has proven something; also where it is somebody outside who asks.
TEST(Translator, AFullTableIsToldOfTheHostInside) {
    World world(1, 1);
    PoolSettings settings = independent();
    settings.filtering = Filtering::endpoint_independent;
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 1000, "198.51.100.1", 53)), Verdict::made);
    auto& table = world.tables.of(0);
    table.seen(table.find(world.last.reverse), 0, 0);
    EXPECT_EQ(world.in(key(udp, "203.0.113.9", 7, "192.0.2.1", world.outside_port())),
              Verdict::table_full);
    EXPECT_EQ(world.use_of(0).refused[size_t(Refusal::table_full)], 1U);
    EXPECT_EQ(world.translators.of(0).hosts().at(1).refused, 1U);
    world.end_all();
    world.expect_empty();
}

/// A session whose place is taken by another of the same host takes nothing with it that the new
/// one has.
TEST(Translator, AFullTableGivesTheNewSessionTheOldOnesPlace) {
    for (const PoolSettings& settings : {PoolSettings(), independent(), blocks(64, 2)}) {
        constexpr uint32_t most = 4;
        World world(1, most);
        world.pool(settings, "192.0.2.1", "192.0.2.1");
        std::set<uint16_t> ports;
        for (uint16_t n = 1; n <= 200; ++n) {
            world.now = n;
            // One host, one port inside, many outside; and each fifth time another one.
            ASSERT_EQ(world.out(key(udp, n % 5 == 0 ? "10.0.0.2" : "10.0.0.1",
                                    n % 7 == 0 ? 1001 : 1000, "198.51.100.1", n)),
                      Verdict::made);
            uint64_t sessions = 0;
            for (uint32_t i = 1; i <= world.translators.of(0).hosts().highest(); ++i) {
                const auto host = vnet::flow::copy_versioned(world.translators.of(0).hosts().at(i));
                sessions += host ? host->sessions : 0;
            }
            ASSERT_EQ(sessions, world.tables.sessions()) << n;
            ASSERT_EQ(world.use_of(0).sessions, sessions) << n;
            ASSERT_EQ(world.use_of(0).hosts, world.hosts()) << n;
        }
        EXPECT_EQ(world.tables.sessions(), most);
        world.end_all();
        world.expect_empty();
    }
}

TEST(Translator, BlocksAreClaimedAndGivenBack) {
    World world;
    PoolSettings settings = blocks(64, 2);
    settings.ports = {1024, 1024 + 64 * 3 - 1};
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    PortBlocks& free = *world.states[0]->blocks;
    ASSERT_EQ(free.free(), 3U);
    std::set<unsigned> used;
    for (uint16_t port = 1; port <= 128; ++port) {
        ASSERT_EQ(world.out(key(tcp, "10.0.0.1", port, "198.51.100.1", 80)), Verdict::made);
        used.insert((world.outside_port() - 1024U) / 64);
        EXPECT_EQ(free.free(), port <= 64 ? 2U : 1U);
        EXPECT_EQ(world.use_of(0).blocks, port <= 64 ? 1U : 2U);
    }
    EXPECT_EQ(used.size(), 2U);
    EXPECT_EQ(world.out(key(tcp, "10.0.0.1", 200, "198.51.100.1", 80)), Verdict::host_ports);
    ASSERT_EQ(world.out(key(tcp, "10.0.0.2", 1, "198.51.100.1", 80)), Verdict::made);
    EXPECT_EQ(free.free(), 0U);
    EXPECT_EQ(world.out(key(tcp, "10.0.0.3", 1, "198.51.100.1", 80)), Verdict::no_block);
    world.end_all();
    world.expect_empty();
}

TEST(Translator, ADeterministicHostHasItsPortsOnly) {
    World world;
    world.pool(deterministic(), "192.0.2.1", "192.0.2.2");
    const DeterministicMapping& mapping = *world.pools[0]->deterministic;
    for (const char* host : {"10.0.0.0", "10.0.0.7", "10.0.0.255"}) {
        const Block block = *mapping.of(ip(host));
        for (uint16_t port = 1; port <= 20; ++port) {
            ASSERT_EQ(world.out(key(tcp, host, port, "198.51.100.1", 80)), Verdict::made);
            EXPECT_EQ(world.last.reverse.destination, block.address);
            EXPECT_TRUE(block.ports.contains(world.outside_port()));
        }
    }
    world.end_all();
    world.expect_empty();
}

TEST(Translator, AStaticMappingLeadsBothWays) {
    World world;
    world.pool(PoolSettings(), "192.0.2.1", "192.0.2.1");
    world.add_static(one_to_one("192.0.2.30", "10.0.0.9"));
    world.add_static(forward("192.0.2.1", 80, "10.0.0.5", 8080));
    ASSERT_EQ(world.in(key(udp, "198.51.100.1", 7, "192.0.2.30", 53)), Verdict::made);
    EXPECT_EQ(world.last.reverse, key(udp, "10.0.0.9", 53, "198.51.100.1", 7));
    ASSERT_EQ(world.out(key(gre, "10.0.0.9", 0, "198.51.100.1", 0)), Verdict::made);
    EXPECT_EQ(world.last.reverse, key(gre, "198.51.100.1", 0, "192.0.2.30", 0));
    ASSERT_EQ(world.in(key(icmp, "198.51.100.1", 7, "192.0.2.30", 7)), Verdict::made);
    EXPECT_EQ(world.last.reverse, key(icmp, "10.0.0.9", 7, "198.51.100.1", 7));
    ASSERT_EQ(world.in(key(tcp, "198.51.100.1", 7, "192.0.2.1", 80)), Verdict::made);
    EXPECT_EQ(world.last.reverse, key(tcp, "10.0.0.5", 8080, "198.51.100.1", 7));
    EXPECT_EQ(world.in(key(udp, "198.51.100.1", 7, "192.0.2.1", 80)), Verdict::no_session);
    // A forwarded port is nobody else's.
    EXPECT_EQ(world.hosts(), 0U);
    world.end_all();
    world.expect_empty();
}

TEST(Translator, TargetsShareByWeightAndKeepAClientWhereItIsAsked) {
    for (const bool affinity : {false, true}) {
        World world;
        StaticMapping mapping = forward("192.0.2.1", 80, "10.0.0.5", 8080);
        mapping.targets = {{ip("10.0.0.5"), 8080, 3}, {ip("10.0.0.6"), 8081, 1}};
        mapping.affinity = affinity;
        world.add_static(mapping);
        std::map<Ip4Address, unsigned> by_target;
        for (unsigned client = 0; client < 2000; ++client) {
            std::set<Ip4Address> targets;
            for (uint16_t port = 1; port <= 4; ++port) {
                ASSERT_EQ(world.in({Ip4Address(ip("198.51.0.0").value() + client), ip("192.0.2.1"),
                                    vnet::flow::Ports::of(port, uint16_t(80)), 0, tcp, 0}),
                          Verdict::made);
                targets.insert(world.last.reverse.source);
                ++by_target[world.last.reverse.source];
            }
            if (affinity) {
                EXPECT_EQ(targets.size(), 1U);
            }
        }
        EXPECT_NEAR(by_target[ip("10.0.0.5")], 6000, 300);
        EXPECT_NEAR(by_target[ip("10.0.0.6")], 2000, 300);
    }
}

TEST(Translator, HairpinsToWhomItMay) {
    World world;
    PoolSettings settings = independent();
    settings.inside = prefix("10.0.0.0/24");
    settings.inside_vrf = 3;
    world.pool(settings, "192.0.2.1", "192.0.2.1");
    settings.filtering = Filtering::endpoint_independent;
    settings.inside_vrf = 4;
    world.pool(settings, "192.0.2.2", "192.0.2.2");
    world.add_static(forward("192.0.2.1", 80, "10.0.0.5", 8080));
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", 53, 3)), Verdict::made);
    const uint16_t closed = world.outside_port();
    ASSERT_EQ(world.out(key(udp, "10.0.0.1", 5000, "198.51.100.1", 53, 4)), Verdict::made);
    const uint16_t open = world.outside_port();
    EXPECT_EQ(world.hairpin(key(udp, "10.0.0.2", 1, "192.0.2.1", closed, 4)), Verdict::filtered);
    EXPECT_EQ(world.hairpin(key(tcp, "10.0.0.2", 1, "192.0.2.2", 9, 4)), Verdict::no_session);
    ASSERT_EQ(world.hairpin(key(udp, "10.0.0.2", 7000, "192.0.2.2", open, 4)), Verdict::made);
    // The other one sees an outside address (RFC 4787 REQ-9a).
    EXPECT_EQ(world.last.reverse.source, ip("10.0.0.1"));
    EXPECT_EQ(world.last.reverse.ports.source(), 5000);
    EXPECT_EQ(world.last.reverse.destination, ip("192.0.2.2"));
    ASSERT_EQ(world.hairpin(key(tcp, "10.0.0.2", 1, "192.0.2.1", 80, 3)), Verdict::made);
    EXPECT_EQ(world.last.reverse.source, ip("10.0.0.5"));
    EXPECT_EQ(world.last.reverse.ports.source(), 8080);
    EXPECT_EQ(world.hairpin(key(tcp, "10.9.0.2", 1, "192.0.2.1", 80)), Verdict::not_ours);
    world.end_all();
    world.expect_empty();
}

/// A packet and what answers it meet one worker, whichever pool it is by.
TEST(Steering, BothWaysMeetOneWorker) {
    for (const PoolSettings& settings :
         {PoolSettings(), independent(), blocks(64, 2), deterministic()}) {
        for (unsigned workers = 1; workers <= 8; ++workers) {
            World world(workers, 1U << 14);
            world.pool(settings, "192.0.2.1", "192.0.2.4");
            world.add_static(one_to_one("192.0.2.30", "10.0.0.9"));
            world.add_static(forward("192.0.2.1", 80, "10.0.0.5", 8080));
            StaticMapping twice = forward("192.0.2.2", 81, "10.0.0.6", 8081);
            twice.twice = true;
            world.add_static(twice);
            std::set<unsigned> met;
            for (unsigned host = 0; host < 200; ++host) {
                const std::string from = "10.0.0." + std::to_string(host);
                for (const uint8_t protocol : {tcp, udp, icmp, gre}) {
                    const uint16_t port = protocol == gre ? 0 : uint16_t(1000 + host);
                    const uint16_t to = protocol == icmp ? port : protocol == gre ? 0 : 80;
                    const std::string remote = "198.51.100." + std::to_string(host);
                    ASSERT_EQ(world.out(key(protocol, from.c_str(), port, remote.c_str(), to)),
                              Verdict::made)
                        << from << " " << unsigned(protocol);
                    ASSERT_EQ(world.in_worker(world.last.reverse), world.worker)
                        << workers << " " << from << " " << unsigned(protocol);
                    met.insert(world.worker);
                }
            }
            EXPECT_EQ(met.size(), workers);
            for (uint16_t port = 1; port <= 50; ++port) {
                for (const Key& asked : {key(tcp, "203.0.113.1", port, "192.0.2.1", 80),
                                         key(tcp, "203.0.113.1", port, "192.0.2.2", 81),
                                         key(gre, "203.0.113.1", 0, "192.0.2.30", 0),
                                         key(udp, "203.0.113.1", port, "192.0.2.30", port)}) {
                    if (world.tables.of(world.in_worker(asked)).find(asked)) {
                        continue;
                    }
                    ASSERT_EQ(world.in(asked), Verdict::made);
                    ASSERT_EQ(world.out_worker(world.last.reverse), world.worker)
                        << workers << " " << port << " " << unsigned(asked.protocol);
                }
            }
            world.end_all();
            world.expect_empty();
        }
    }
}

/// Who speaks with whom stays as it is when a port has fewer targets, and nobody is sent elsewhere.
TEST(Steering, ConnectionsStayWhenAPortLosesATarget) {
    for (unsigned workers = 1; workers <= 8; ++workers) {
        World world(workers, 1U << 14);
        StaticMapping mapping = forward("192.0.2.1", 80, "10.0.0.5", 8080);
        mapping.targets.push_back({ip("10.0.0.6"), 8080, 1});
        mapping.targets.push_back({ip("10.0.0.7"), 8080, 2});
        world.add_static(mapping);
        std::vector<Session> made;
        std::set<unsigned> met;
        for (uint16_t port = 1; port <= 300; ++port) {
            ASSERT_EQ(world.in(key(tcp, "203.0.113.1", port, "192.0.2.1", 80)), Verdict::made);
            ASSERT_EQ(world.out_worker(world.last.reverse), world.worker);
            made.push_back(world.last);
            met.insert(world.worker);
        }
        EXPECT_EQ(met.size(), workers);
        world.statics[0].targets.erase(world.statics[0].targets.begin());
        world.publish();
        for (const Session& session : made) {
            const unsigned worker = world.in_worker(session.forward);
            EXPECT_TRUE(world.tables.of(worker).find(session.forward)) << workers;
            if (session.reverse.source != ip("10.0.0.5")) {
                EXPECT_EQ(world.out_worker(session.reverse), worker);
            }
        }
        world.end_all();
        world.expect_empty();
    }
}

/// Hosts of no pool speak with each other by the outside addresses that static mappings give them.
TEST(Steering, HostsOfStaticMappingsMeetOneWorker) {
    for (unsigned workers = 1; workers <= 8; ++workers) {
        World world(workers, 1U << 14);
        for (unsigned host = 1; host <= 20; ++host) {
            const std::string at = std::to_string(host);
            world.add_static(one_to_one(("192.0.2." + at).c_str(), ("10.0.0." + at).c_str()));
        }
        world.add_static(forward("192.0.2.100", 80, "10.0.1.1", 8080));
        world.add_static(forward("192.0.2.101", 81, "10.0.1.2", 8081));
        for (unsigned host = 2; host <= 20; ++host) {
            const std::string from = "10.0.0." + std::to_string(host);
            for (const Key& asked : {key(tcp, from.c_str(), 1000, "192.0.2.1", 22),
                                     key(icmp, from.c_str(), 7, "192.0.2.1", 7),
                                     key(gre, from.c_str(), 0, "192.0.2.1", 0),
                                     key(tcp, from.c_str(), 1000, "192.0.2.100", 80)}) {
                ASSERT_EQ(world.hairpin(asked), Verdict::made);
                ASSERT_EQ(world.last.reverse.destination,
                          ip(("192.0.2." + std::to_string(host)).c_str()));
                ASSERT_EQ(world.out_worker(world.last.reverse), world.worker) << workers;
            }
        }
        ASSERT_EQ(world.hairpin(key(tcp, "10.0.1.2", 8081, "192.0.2.100", 80)), Verdict::made);
        ASSERT_EQ(world.last.reverse, key(tcp, "10.0.1.1", 8080, "192.0.2.101", 81));
        ASSERT_EQ(world.out_worker(world.last.reverse), world.worker);
        EXPECT_EQ(world.hairpin(key(tcp, "10.0.1.2", 5, "192.0.2.100", 80)), Verdict::not_ours);
        world.end_all();
        world.expect_empty();
    }
}

}  // namespace
}  // namespace nat44
