// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plugins/nat44/hairpin.hpp"
#include "plugins/nat44/in2out.hpp"
#include "plugins/nat44/out2in.hpp"
#include "plugins/nat44/testing/world.hpp"

/// The nodes on the bench, each on its arc; what ip4-flow would have found is laid into the
/// metadata.
namespace nat44 {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using testing::key;
using testing::lan;
using testing::tcp;
using testing::udp;
using testing::wan;
using testing::World;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::wire::IpProtocol;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::ip;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

constexpr const char* inside = "10.0.0.2";
constexpr const char* outside = "198.51.100.1";
constexpr const char* remote = "192.0.2.1";
constexpr uint32_t elsewhere = 3;

struct NatNodesTest : ::testing::Test {
    NatNodesTest() {
        world.pool({}, outside, outside);
        auto& graph = bench.graph();
        for (const char* name : {"ip4-rewrite", "ip4-input", "ip4-local", "interface-output",
                                 "ip4-lookup", "ip4-deliver"}) {
            bench.collector(name);
        }
        const graph::NodeId lookup_vrf = bench.collector("ip4-lookup-vrf");
        const TellSender::Parts to_sender{slot, bench.collector("icmp4-error"), 1};
        bench.add(std::make_shared<const In2Out>(world.translators, to_sender));
        bench.add(std::make_shared<const Out2In>(world.translators, forwarding, lookup_vrf));
        bench.add(
            std::make_shared<const Hairpin>(world.translators, forwarding, lookup_vrf, to_sender));
        add("ip4-output", graph::ArcSide::tx, "ip4-rewrite", "interface-output", "nat44-in2out");
        add("ip4-unicast", graph::ArcSide::rx, "ip4-input", "ip4-lookup", "nat44-out2in");
        add("ip4-local", graph::ArcSide::rx, "ip4-local", "ip4-deliver", "nat44-hairpin");
        graph.link("nat44-out2in", "ip4-lookup-vrf");
        graph.link("nat44-hairpin", "ip4-lookup-vrf");
        graph.link("nat44-in2out", "icmp4-error");
        graph.link("nat44-hairpin", "icmp4-error");
    }
    void add(const char* arc, graph::ArcSide side, const char* start, const char* end,
             const char* node) {
        auto& graph = bench.graph();
        EXPECT_TRUE(graph.add_arc({arc, side, {start}, end}).ok());
        EXPECT_TRUE(graph.add_feature(arc, {node, {}, {}}).ok());
        arcs[node] = graph::ArcId(arcs.size());
    }
    /// With the session that there is, as the lookup finds it.
    std::vector<Result> run(const std::string& node, const Bytes& in, unsigned burst = 1,
                            uint32_t rx = lan, bool known = true) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            graph::Packet* one = bench.packet(in, rx);
            graph::Metadata& meta = one->meta();
            meta.tx_interface = wan;
            meta.l3_offset = 14;
            meta.l4_offset = 34;
            meta.arc = arcs.at(node);
            const auto subject = subject_of(*one);
            if (known && subject) {
                meta.ports = ports_of(*subject).raw;
                meta.flags |= graph::packet_flag::flow;
                meta.session = world.tables.of(0).find(key_of(*one, *subject, 0)).raw();
            }
            packets.push_back(one);
        }
        return bench.run(node, packets);
    }
    /// One that the lookup found that session for.
    Result run_with(Ref ref, const std::string& node, const Bytes& in, uint32_t rx) {
        graph::Packet* one = bench.packet(in, rx);
        graph::Metadata& meta = one->meta();
        meta.tx_interface = wan;
        meta.l3_offset = 14;
        meta.l4_offset = 34;
        meta.arc = arcs.at(node);
        meta.flags |= graph::packet_flag::flow;
        meta.ports = ports_of(*subject_of(*one)).raw;
        meta.session = ref.raw();
        return bench.run(node, {&one, 1}).at(0);
    }
    /// An ICMP error that the router itself sends, about a packet of a session's direction.
    Result run_own_error(const std::string& node, const Bytes& in, Ref about, uint32_t rx) {
        graph::Packet* one = bench.packet(in, rx);
        graph::Metadata& meta = one->meta();
        meta.tx_interface = rx;
        meta.l3_offset = 14;
        meta.l4_offset = 34;
        meta.arc = arcs.at(node);
        meta.flags |= graph::packet_flag::local_origin;
        meta.session = about.raw();
        return bench.run(node, {&one, 1}).at(0);
    }
    static vnet::flow::Ports ports_of(const Subject& subject) {
        const auto tuple = read_tuple(subject.ip, subject.l4);
        if (!tuple) {
            return {};
        }
        const bool icmp = subject.ip.protocol() == IpProtocol::icmp;
        const uint16_t source = tuple->source.port.value();
        const uint16_t destination = tuple->destination.port.value();
        // The identifier of a query stands in both places.
        return icmp ? vnet::flow::Ports::of(uint16_t(source | destination),
                                            uint16_t(source | destination))
                    : vnet::flow::Ports::of(source, destination);
    }
    /// What a host inside is outside.
    uint16_t outside_port(uint8_t protocol, uint16_t port, uint16_t remote_port) {
        const Ref ref = world.tables.of(0).find(key(protocol, inside, port, remote, remote_port));
        EXPECT_TRUE(ref);
        return world.tables.of(0)[ref.index()].reverse.ports.destination();
    }

    World world;
    vnet::fib::ForwardingTable forwarding{world.engine->rcu()};
    Bench bench;
    vnet::icmp4::ErrorSlot slot{*bench.slots().place<vnet::icmp4::ErrorRequest>("icmp4-error")};
    std::map<std::string, graph::ArcId> arcs;
};

PacketMaker from_inside() {
    return packet().ethernet().ip4(inside, remote);
}
PacketMaker from_outside() {
    return packet().ethernet().ip4(remote, outside);
}
StaticMapping forward(const char* to, uint16_t port, const char* target, uint16_t target_port) {
    StaticMapping mapping;
    mapping.outside = vnet::wire::testing::ip(to);
    mapping.port = port;
    mapping.protocol = tcp;
    mapping.targets = {{vnet::wire::testing::ip(target), target_port, 1}};
    return mapping;
}

TEST_F(NatNodesTest, OutAndBackAtEveryBurst) {
    struct Case {
        uint8_t protocol;
        uint16_t port;
        uint16_t remote_port;
        std::function<Bytes(PacketMaker, uint16_t from, uint16_t to)> sent;
        std::function<Bytes(PacketMaker, uint16_t from, uint16_t to)> answered;
    };
    const Case cases[] = {
        {udp, 1000, 53,
         [](auto p, auto from, auto to) { return p.udp(from, to).payload(9).bytes(); },
         [](auto p, auto from, auto to) { return p.udp(from, to).payload(9).bytes(); }},
        {tcp, 1001, 80,
         [](auto p, auto from, auto to) { return p.tcp(from, to).payload(9).bytes(); },
         [](auto p, auto from, auto to) { return p.tcp(from, to).payload(9).bytes(); }},
        {testing::icmp, 7, 7,
         [](auto p, auto from, auto) { return p.icmp_echo_request(from).payload(9).bytes(); },
         [](auto p, auto, auto to) { return p.icmp_echo_reply(to).payload(9).bytes(); }},
    };
    for (const Case& test : cases) {
        for (const unsigned burst : Bench::bursts) {
            const auto out =
                run("nat44-in2out", test.sent(from_inside(), test.port, test.remote_port), burst);
            const uint16_t port = outside_port(test.protocol, test.port, test.remote_port);
            ASSERT_EQ(out.size(), burst);
            for (const Result& result : out) {
                ASSERT_EQ(result.next, "interface-output");
                ASSERT_EQ(result.bytes, test.sent(packet().ethernet().ip4(outside, remote), port,
                                                  test.remote_port));
            }
            const auto back = run(
                "nat44-out2in", test.answered(from_outside(), test.remote_port, port), burst, wan);
            ASSERT_EQ(back.size(), burst);
            for (const Result& result : back) {
                ASSERT_EQ(result.next, "ip4-lookup");
                ASSERT_EQ(result.bytes, test.answered(packet().ethernet().ip4(remote, inside),
                                                      test.remote_port, test.port));
            }
        }
    }
    EXPECT_EQ(world.tables.sessions(), 3U);
}

TEST_F(NatNodesTest, LeavesOthersAlone) {
    const Bytes sent = from_inside().udp(1, 2).bytes();
    // From an interface that is neither inside nor outside.
    const Result sent_on = run("nat44-in2out", sent, 1, elsewhere).at(0);
    EXPECT_EQ(sent_on.next, "interface-output");
    EXPECT_EQ(sent_on.bytes, sent);
    // Through the router, not to it.
    const Bytes through = packet().ethernet().ip4(remote, "203.0.113.1").udp(1, 2).bytes();
    const Result result = run("nat44-out2in", through, 1, wan).at(0);
    EXPECT_EQ(result.next, "ip4-lookup");
    EXPECT_EQ(result.bytes, through);
    EXPECT_EQ(world.tables.sessions(), 0U);
}

TEST_F(NatNodesTest, DropsByName) {
    EXPECT_EQ(run("nat44-out2in", from_outside().udp(53, 2000).bytes(), 1, wan).at(0).drop,
              "no-session");
    // What is cut short would tell the outside who is inside.
    const Bytes cut = from_inside().udp(1, 2).truncate(14 + 20 + 3).bytes();
    EXPECT_EQ(run("nat44-in2out", cut, 1, lan, false).at(0).drop, "no-session");
    const Bytes no_checksum = from_inside().tcp(1, 2).truncate(14 + 20 + 17).bytes();
    EXPECT_EQ(run("nat44-in2out", no_checksum).at(0).drop, "truncated");
    EXPECT_EQ(
        run("nat44-in2out", from_inside().truncate(14 + 19).bytes(), 1, lan, false).at(0).drop,
        "truncated");
}

TEST_F(NatNodesTest, WhatIsToAnExemptDestinationGoesAsItIs) {
    const auto unchanged = [this](const Bytes& sent, unsigned burst = 1, bool known = true) {
        for (const Result& result : run("nat44-in2out", sent, burst, lan, known)) {
            EXPECT_EQ(result.next, "interface-output");
            EXPECT_EQ(result.bytes, sent);
        }
    };
    const Bytes web = from_inside().tcp(1000, 80).bytes();
    const Bytes names = from_inside().udp(1001, 53).bytes();
    (void)run("nat44-in2out", names);
    world.exempt({0, {ip(remote), 32}, udp, {}});
    world.exempt({0, {ip("192.0.2.0"), 24}, tcp, PortRange{80, 80}});
    // What has a session goes on by it.
    EXPECT_NE(run("nat44-in2out", names).at(0).bytes, names);
    for (const unsigned burst : Bench::bursts) {
        unchanged(web, burst);
        unchanged(from_inside().udp(1001, 54).bytes(), burst);
    }
    EXPECT_EQ(world.tables.sessions(), 1U);
    constexpr unsigned sent = 1 + 3 + 63 + 256;
    EXPECT_EQ(world.translators.of(0).uses().exempt(0), sent);
    EXPECT_EQ(world.translators.of(0).uses().exempt(1), sent);
    // Answers come in as they are.
    const Bytes answer = packet().ethernet().ip4(remote, inside).tcp(80, 1000).bytes();
    EXPECT_EQ(run("nat44-out2in", answer, 1, wan).at(0).bytes, answer);
    // Other ports and protocols have sessions.
    for (const Bytes& other :
         {from_inside().tcp(1000, 81).bytes(), from_inside().icmp_echo_request(7).bytes()}) {
        EXPECT_NE(run("nat44-in2out", other).at(0).bytes, other);
    }
    EXPECT_EQ(world.tables.sessions(), 3U);
    // Cut short: of whatever ports it is, it is to an exempt destination; or it may not be.
    unchanged(from_inside().udp(1, 2).truncate(14 + 20 + 3).bytes(), 1, false);
    EXPECT_EQ(
        run("nat44-in2out", from_inside().tcp(1, 80).truncate(14 + 20 + 3).bytes(), 1, lan, false)
            .at(0)
            .drop,
        "no-session");
}

TEST_F(NatNodesTest, ErrorsAboutWhatCameFromAnExemptDestinationGoAsTheyAre) {
    world.exempt({0, {ip(remote), 32}, tcp, PortRange{80, 80}});
    const auto error = [](const char* to, const char* sender, uint16_t port) {
        const Bytes about = packet().ip4(sender, inside).tcp(port, 1000).payload(8).bytes();
        return packet()
            .ethernet()
            .ip4("10.0.0.1", to)
            .icmp_unreachable(vnet::wire::Icmp4Unreachable::port)
            .payload(std::span<const std::byte>(about))
            .bytes();
    };
    const Bytes about_exempt = error(remote, remote, 80);
    const Result passed = run("nat44-in2out", about_exempt).at(0);
    EXPECT_EQ(passed.next, "interface-output");
    EXPECT_EQ(passed.bytes, about_exempt);
    EXPECT_EQ(run("nat44-in2out", error(remote, remote, 81)).at(0).drop, "no-session");
    // To somebody else it would tell who is inside.
    EXPECT_EQ(run("nat44-in2out", error("203.0.113.5", remote, 80)).at(0).drop, "no-session");
}

TEST_F(NatNodesTest, WhatIsForTheRouterItselfArrivesBesideAnOpenPort) {
    PoolSettings settings;
    settings.mapping = MappingKind::endpoint_independent;
    settings.inside = {ip("10.0.0.0"), 8};
    const char* own = "198.51.100.9";
    world.pool(settings, own, own);
    world.own = {{0, ip(own)}};
    world.publish();
    (void)run("nat44-in2out", from_inside().udp(1000, 53).bytes());
    const uint16_t port = outside_port(udp, 1000, 53);
    // Of somebody else, to the host's port: that of a socket of the router as well.
    const Bytes stranger = packet().ethernet().ip4("203.0.113.5", own).udp(9, port).bytes();
    const Result out = run("nat44-out2in", stranger, 1, wan).at(0);
    EXPECT_EQ(out.next, "ip4-lookup");
    EXPECT_EQ(out.bytes, stranger);
    const Bytes neighbour = packet().ethernet().ip4("10.0.0.3", own).udp(9, port).bytes();
    EXPECT_EQ(run("nat44-hairpin", neighbour).at(0).next, "ip4-deliver");
    world.own.clear();
    world.publish();
    EXPECT_EQ(run("nat44-out2in", stranger, 1, wan).at(0).drop, "filtered");
    EXPECT_EQ(run("nat44-hairpin", neighbour).at(0).drop, "filtered");
}

TEST_F(NatNodesTest, APoolsAddressIsNothingInAnotherVrf) {
    world.interfaces.hot(elsewhere).vrf = 1;
    const Bytes sent = from_outside().udp(53, 2000).bytes();
    const Result result = run("nat44-out2in", sent, 1, elsewhere).at(0);
    EXPECT_EQ(result.next, "ip4-lookup");
    EXPECT_EQ(result.bytes, sent);
}

TEST_F(NatNodesTest, NothingGoesToAnotherVrfThanItsOwn) {
    world.interfaces.hot(lan).vrf = 1;
    PoolSettings settings;
    settings.inside_vrf = 1;
    settings.inside = {ip("10.0.0.0"), 8};
    world.pool(settings, "198.51.100.2", "198.51.100.2");
    world.vrf_paths[1] = 1;
    world.publish();
    (void)run("nat44-in2out", from_inside().udp(1000, 53).bytes());
    const Ref ref = world.tables.of(0).find(key(udp, inside, 1000, remote, 53, 1));
    ASSERT_TRUE(ref);
    const uint16_t port = world.tables.of(0)[ref.index()].reverse.ports.destination();
    const Bytes back = packet().ethernet().ip4(remote, "198.51.100.2").udp(53, port).bytes();
    EXPECT_EQ(run("nat44-out2in", back, 1, wan).at(0).next, "ip4-lookup-vrf");
    // The configuration speaks of that VRF no more.
    world.vrf_paths[1] = 0;
    world.publish();
    EXPECT_EQ(run("nat44-out2in", back, 1, wan).at(0).drop, "no-vrf");
}

Bytes own_error(const char* router, const char* to, const Bytes& about) {
    return packet()
        .ethernet()
        .ip4(router, to)
        .icmp_time_exceeded()
        .payload(std::span<const std::byte>(about))
        .bytes();
}

TEST_F(NatNodesTest, OwnErrorsQuoteWhatTheOutsideSent) {
    // Hosts are in another VRF than the outside.
    world.interfaces.hot(lan).vrf = 1;
    PoolSettings settings;
    settings.inside_vrf = 1;
    settings.inside = {ip("10.0.0.0"), 8};
    world.pool(settings, "198.51.100.2", "198.51.100.2");
    (void)run("nat44-in2out", from_inside().udp(1000, 53).bytes());
    const Ref ref = world.tables.of(0).find(key(udp, inside, 1000, remote, 53, 1));
    ASSERT_TRUE(ref);
    const uint16_t port = world.tables.of(0)[ref.index()].reverse.ports.destination();
    const Ref about(ref.index(), vnet::flow::Direction::reverse);
    const auto quoted = [](const char* to, uint16_t to_port) {
        return packet().ip4(remote, to).udp(53, to_port).payload(8).bytes();
    };
    const Result told = run_own_error(
        "nat44-in2out", own_error("192.0.2.254", remote, quoted(inside, 1000)), about, wan);
    EXPECT_EQ(told.next, "interface-output");
    EXPECT_EQ(told.bytes, own_error("192.0.2.254", remote, quoted("198.51.100.2", port)));
    // About another packet than its number says.
    const Bytes other = own_error("192.0.2.254", remote, quoted(inside, 1001));
    EXPECT_EQ(run_own_error("nat44-in2out", other, about, wan).bytes, other);
    const Ref nowhere(1U << 20, vnet::flow::Direction::reverse);
    EXPECT_EQ(run_own_error("nat44-in2out", other, nowhere, wan).bytes, other);
}

TEST_F(NatNodesTest, OwnErrorsReachWhoeverWasTranslatedTwice) {
    world.vrf_paths[0] = 1;
    StaticMapping forward{ip("198.51.100.7"),         80, udp, 0, 0, false, false,
                          {{ip("10.0.0.5"), 8080, 1}}};
    world.add_static(forward);
    forward.port = 81;
    forward.twice = true;
    world.add_static(forward);
    struct Case {
        const char* client;
        uint16_t port;
        uint32_t rx;
        std::string node;
    };
    for (const Case& test :
         {Case{inside, 80, lan, "nat44-hairpin"}, Case{remote, 81, wan, "nat44-out2in"}}) {
        const auto sent = packet().ip4(test.client, "198.51.100.7").udp(1000, test.port).payload(8);
        (void)run(test.node,
                  packet().ethernet().ip4(test.client, "198.51.100.7").udp(1000, test.port).bytes(),
                  1, test.rx);
        const Ref ref =
            world.tables.of(0).find(key(udp, test.client, 1000, "198.51.100.7", test.port));
        ASSERT_TRUE(ref);
        const Key back = world.tables.of(0)[ref.index()].reverse;
        const std::string as = back.destination.to_string();
        const Bytes translated = packet()
                                     .ip4(as.c_str(), "10.0.0.5")
                                     .udp(back.ports.destination(), 8080)
                                     .payload(8)
                                     .bytes();
        const Result result = run_own_error(
            "nat44-hairpin", own_error("10.0.0.1", as.c_str(), translated), ref, test.rx);
        EXPECT_EQ(result.next, "ip4-lookup-vrf");
        EXPECT_EQ(result.bytes, own_error("10.0.0.1", test.client, PacketMaker(sent).bytes()));
    }
}

TEST_F(NatNodesTest, NothingOfAHostWithAnAddressOfItsOwnGoesOutUntranslated) {
    world.interfaces.hot(lan).vrf = 1;
    world.add_static({ip("198.51.100.7"), 0, 0, 0, 1, false, false, {{ip(inside), 0, 1}}});
    const Bytes cut = from_inside().udp(1, 2).truncate(14 + 20 + 3).bytes();
    EXPECT_EQ(run("nat44-in2out", cut, 1, lan, false).at(0).drop, "no-session");
}

TEST_F(NatNodesTest, AStaleNumberIsNotBelieved) {
    (void)run("nat44-in2out", from_inside().udp(1000, 53).bytes());
    const uint16_t port = outside_port(udp, 1000, 53);
    const Ref stale = world.tables.of(0).find(key(udp, inside, 1000, remote, 53));
    // Of another host, and of the same two hosts by other ports, with the number of that session.
    for (const auto& [source, source_port] : {std::pair("10.0.0.3", 1000), {inside, 1001}}) {
        const Bytes other = packet().ethernet().ip4(source, remote).udp(source_port, 53).bytes();
        const Result result = run_with(stale, "nat44-in2out", other, lan);
        EXPECT_EQ(result.next, "interface-output");
        EXPECT_NE(result.bytes, packet().ethernet().ip4(outside, remote).udp(port, 53).bytes());
        EXPECT_TRUE(world.tables.of(0).find(key(udp, source, source_port, remote, 53)));
    }
    EXPECT_EQ(world.tables.sessions(), 3U);
    const Bytes back = from_outside().udp(53, uint16_t(port + 1)).bytes();
    EXPECT_EQ(
        run_with(Ref(stale.index(), vnet::flow::Direction::reverse), "nat44-out2in", back, wan)
            .drop,
        "no-session");
    // To the outside by one that somebody outside began.
    world.add_static(forward(outside, 80, "10.0.0.5", 8080));
    ASSERT_EQ(world.in(key(tcp, remote, 7, outside, 80)), Verdict::made);
    const Ref in = world.tables.of(0).find(key(tcp, remote, 7, outside, 80));
    const Bytes out = from_inside().tcp(9, 10).bytes();
    EXPECT_NE(run_with(in, "nat44-in2out", out, lan).bytes, out);
}

TEST_F(NatNodesTest, AnErrorOfAStaleNumberIsNoneOfThatSession) {
    (void)run("nat44-in2out", from_inside().udp(1000, 53).bytes());
    const uint16_t port = outside_port(udp, 1000, 53);
    const Ref stale = world.tables.of(0).find(key(udp, remote, 53, outside, port));
    const Bytes quoted =
        packet().ip4(outside, remote).udp(uint16_t(port + 1), 53).payload(8).bytes();
    const Bytes error = packet()
                            .ethernet()
                            .ip4("203.0.113.9", outside)
                            .icmp_time_exceeded()
                            .payload(std::span<const std::byte>(quoted))
                            .bytes();
    EXPECT_EQ(run_with(stale, "nat44-out2in", error, wan).drop, "no-session");
    const Bytes quoted_in = packet().ip4(remote, inside).udp(53, 1001).payload(8).bytes();
    const Bytes error_out = packet()
                                .ethernet()
                                .ip4(inside, remote)
                                .icmp_time_exceeded()
                                .payload(std::span<const std::byte>(quoted_in))
                                .bytes();
    EXPECT_EQ(
        run_with(Ref(stale.index(), vnet::flow::Direction::forward), "nat44-in2out", error_out, lan)
            .drop,
        "no-session");
}

TEST_F(NatNodesTest, ErrorsQuoteWhatTheirReceiverSent) {
    (void)run("nat44-in2out", from_inside().udp(1000, 53).payload(8).bytes());
    const uint16_t port = outside_port(udp, 1000, 53);
    const auto error = [](const char* to, const Bytes& quoted) {
        return packet()
            .ethernet()
            .ip4("203.0.113.9", to)
            .icmp_time_exceeded()
            .payload(std::span<const std::byte>(quoted))
            .bytes();
    };
    const auto quoted = [&](const char* from, uint16_t from_port) {
        return packet().ip4(from, remote).udp(from_port, 53).payload(8).bytes();
    };
    graph::Packet* one = bench.packet(error(outside, quoted(outside, port)), wan);
    one->meta().l3_offset = 14;
    one->meta().l4_offset = 34;
    one->meta().arc = arcs.at("nat44-out2in");
    one->meta().flags |= graph::packet_flag::flow;
    // As the lookup finds it: in the direction in which the error goes.
    one->meta().session = world.tables.of(0).find(key(udp, remote, 53, outside, port)).raw();
    const Result result = bench.run("nat44-out2in", {&one, 1}).at(0);
    EXPECT_EQ(result.next, "ip4-lookup");
    EXPECT_EQ(result.bytes, error(inside, quoted(inside, 1000)));
}

}  // namespace
}  // namespace nat44
