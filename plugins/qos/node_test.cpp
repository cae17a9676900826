// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "graph/testing/bench.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace qos {
namespace {

using graph::testing::Bench;
using vnet::meter::Kind;
using vnet::meter::Unit;
using vnet::wire::Ecn;
using vnet::wire::TcpFlags;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;
namespace treatment = graph::treatment;
constexpr uint32_t given = treatment::classified;

constexpr Index one = 1;
constexpr Index other = 2;

PacketMaker ip4(const char* from = "10.0.0.1") {
    return packet().ethernet().ip4(from, "10.0.0.2");
}
PacketMaker ip6(const char* from = "2001:db8::1") {
    return packet().ethernet().ip6(from, "2001:db8::2");
}

/// All nodes on their arcs.
struct NodeTest : ::testing::Test {
    NodeTest() : ports(bench.slots().place<vnet::fragment::Ports>("ports").value()) {
        bench.collector("interface-output");
        ip4_input = add<Ip4, Side::input>("ip4-input", "ip4-lookup", graph::ArcSide::rx);
        ip4_output = add<Ip4, Side::output>("ip4-rewrite", "interface-output", graph::ArcSide::tx);
        ip6_input = add<Ip6, Side::input>("ip6-input", "ip6-lookup", graph::ArcSide::rx);
        ip6_output = add<Ip6, Side::output>("ip6-rewrite", "interface-output", graph::ArcSide::tx);
        bench.build();
    }
    template <class Family, Side side>
    std::shared_ptr<Node<Family, side>> add(const char* start, const char* end,
                                            graph::ArcSide arc_side) {
        using Made = Node<Family, side>;
        bench.collector(start);
        if (side == Side::input) {
            bench.collector(end);
        }
        const auto made = std::make_shared<Made>(ports, 99);
        EXPECT_TRUE(bench.graph().add_arc({Made::arc, arc_side, {start}, end}).ok());
        bench.add(std::shared_ptr<const Made>(made));
        const std::string name(Made::info.name);
        EXPECT_TRUE(bench.graph().add_feature(Made::arc, {name, {}, {}}).ok());
        arcs[name] = graph::ArcId(arcs.size());
        return made;
    }
    /// Packets that came in by interface one and leave by it.
    std::vector<graph::testing::Result> run(
        const std::string& node, const std::vector<Bytes>& in,
        const std::function<void(graph::Packet&, size_t)>& set = {}) {
        std::vector<graph::Packet*> packets;
        for (size_t i = 0; i < in.size(); ++i) {
            graph::Packet* made = bench.packet(in[i], one);
            made->meta().tx_interface = one;
            made->meta().l3_offset = 14;
            made->meta().arc = arcs.at(node);
            if (set) {
                set(*made, i);
            }
            packets.push_back(made);
        }
        return bench.run(node, packets);
    }
    static std::vector<Bytes> copies(const Bytes& in, unsigned count) {
        return std::vector<Bytes>(count, in);
    }
    static std::shared_ptr<Policer> policer(uint64_t burst,
                                            std::array<Action, 3> actions = {{{}, {}, {true, {}}}},
                                            Scope scope = Scope::all, bool aware = false) {
        Policer::Setting setting;
        setting.terms = {Kind::single_rate, Unit::packets, aware, 1, burst, 0, 1};
        setting.actions = actions;
        setting.scope = scope;
        setting.flows = FlowStates::least;
        // A clock that makes no token while the test runs.
        return std::make_shared<Policer>(setting, 2, ~uint64_t(0) >> 1);
    }
    template <class Family>
    static std::shared_ptr<const vnet::classify::Classifier<Family>> compiled(
        const std::vector<vnet::classify::Rule<Family>>& rules) {
        return *vnet::classify::Classifier<Family>::compile(rules);
    }

    Bench bench;
    vnet::fragment::PortsSlot ports;
    std::map<std::string, graph::ArcId> arcs;
    std::shared_ptr<Ip4Input> ip4_input;
    std::shared_ptr<Ip4Output> ip4_output;
    std::shared_ptr<Ip6Input> ip6_input;
    std::shared_ptr<Ip6Output> ip6_output;
};

using Stage4 = Ip4Input::StageOf;
using Stage6 = Ip6Input::StageOf;

TEST_F(NodeTest, RecordWhatIsTrusted) {
    Stage4 by_dscp;
    by_dscp.records = true;
    by_dscp.trust = Trust::dscp;
    by_dscp.recorded = usual(MapKind::dscp_to_class);
    Stage6 by_dscp6;
    by_dscp6.records = true;
    by_dscp6.trust = Trust::dscp;
    by_dscp6.recorded = by_dscp.recorded;
    Stage4 by_priority;
    by_priority.records = true;
    by_priority.trust = Trust::priority;
    by_priority.recorded = usual(MapKind::priority_to_class);
    Stage4 by_nothing;
    by_nothing.records = true;
    by_nothing.recorded = {5};
    const auto check = [&](const char* node, const char* next, const Bytes& in, uint32_t expected,
                           uint16_t flags = 0) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(node, copies(in, burst), [&](graph::Packet& packet, size_t) {
                packet.meta().flags |= flags;
                // The mark stays, class and colour do not.
                packet.meta().treatment = 0x123456ff;
            });
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                ASSERT_EQ(result.next, next);
                ASSERT_EQ(result.bytes, in);
                ASSERT_EQ(result.meta.treatment, 0x12345600 | expected);
            }
        }
    };
    ip4_input->set(one, &by_dscp);
    ip6_input->set(one, &by_dscp6);
    const auto marked4 = [](uint8_t dscp) {
        return ip4().dscp(dscp).ecn(Ecn::capable_1).udp().bytes();
    };
    const auto marked6 = [](uint8_t dscp) { return ip6().dscp(dscp).udp().bytes(); };
    check("ip4-qos-input", "ip4-lookup", marked4(46), given | 46);
    check("ip4-qos-input", "ip4-lookup", marked4(12), given | 12 | 1 << 6);
    check("ip6-qos-input", "ip6-lookup", marked6(46), given | 46);
    check("ip6-qos-input", "ip6-lookup", marked6(0), given);
    ip4_input->set(one, &by_priority);
    check("ip4-qos-input", "ip4-lookup", marked4(46), given | 40, 0xb001);
    check("ip4-qos-input", "ip4-lookup", marked4(46), given, 0x1000);
    ip4_input->set(one, &by_nothing);
    check("ip4-qos-input", "ip4-lookup", marked4(46), given | 5);
    ip4_input->set(one, nullptr);
    check("ip4-qos-input", "ip4-lookup", marked4(46), 0xff);
    // Too short for a header.
    ip4_input->set(one, &by_dscp);
    check("ip4-qos-input", "ip4-lookup", ip4().truncate(14 + 19).bytes(), given);
}

TEST_F(NodeTest, MarkWhatLeaves) {
    Stage4 stage;
    stage.marks_dscp = true;
    stage.dscp = usual(MapKind::class_to_dscp);
    stage.dscp[5] = 46;
    Stage6 stage6;
    stage6.marks_dscp = true;
    stage6.dscp = stage.dscp;
    ip4_output->set(one, &stage);
    ip6_output->set(one, &stage6);
    for (const unsigned burst : Bench::bursts) {
        for (const Ecn ecn : {Ecn::not_capable, Ecn::capable_1, Ecn::congested}) {
            for (const auto& [of_class, dscp] :
                 {std::pair(5, 46), std::pair(0, 0), std::pair(63, 63)}) {
                const auto set = [&, of_class = of_class](graph::Packet& packet, size_t) {
                    packet.meta().treatment = uint32_t(of_class) | given | 0x1240;
                };
                const auto in4 = ip4().dscp(10).ecn(ecn).udp().payload(20).bytes();
                for (const auto& result : run("ip4-qos-output", copies(in4, burst), set)) {
                    ASSERT_EQ(result.next, "interface-output");
                    ASSERT_EQ(result.bytes,
                              ip4().dscp(uint8_t(dscp)).ecn(ecn).udp().payload(20).bytes());
                }
                const auto in6 = ip6().dscp(10).ecn(ecn).flow_label(0xfffff).udp().bytes();
                for (const auto& result : run("ip6-qos-output", copies(in6, burst), set)) {
                    ASSERT_EQ(result.bytes,
                              ip6().dscp(uint8_t(dscp)).ecn(ecn).flow_label(0xfffff).udp().bytes());
                }
            }
        }
    }
    // The priority, and not the drop eligibility beside it.
    Stage4 priority;
    priority.marks_priority = true;
    priority.priority = usual(MapKind::class_to_priority);
    ip4_output->set(one, &priority);
    const Bytes in = ip4().dscp(10).udp().bytes();
    for (const auto& result :
         run("ip4-qos-output", copies(in, 3), [](graph::Packet&packet, size_t i) {
             packet.meta().treatment = given | 46;
             packet.meta().flags = i == 0 ? 0x7001 : 0;
         })) {
        EXPECT_EQ(result.bytes, in);
        EXPECT_THAT(result.meta.flags, ::testing::AnyOf(0xb001, 0xa000));
    }
}

TEST_F(NodeTest, WhatHasNoClassKeepsItsMarks) {
    Stage4 stage;
    stage.marks_dscp = stage.marks_priority = true;
    stage.dscp = usual(MapKind::class_to_dscp);
    stage.priority = usual(MapKind::class_to_priority);
    ip4_output->set(one, &stage);
    const Bytes in = ip4().dscp(48).udp().bytes();
    const auto results = run("ip4-qos-output", copies(in, 3), [](graph::Packet& packet, size_t) {
        packet.meta().treatment = 5;
        packet.meta().flags = 0x6000;
    });
    for (const auto& result : results) {
        EXPECT_EQ(result.bytes, in);
        EXPECT_EQ(result.meta.flags, 0x6000);
    }
}

TEST_F(NodeTest, EveryDscpKeepsAChecksumRight) {
    Stage4 stage;
    stage.marks_dscp = true;
    stage.dscp = usual(MapKind::class_to_dscp);
    ip4_output->set(one, &stage);
    for (unsigned before = 0; before < dscps; ++before) {
        std::vector<Bytes> in;
        for (uint16_t id = 0; id < dscps; ++id) {
            in.push_back(
                ip4().dscp(uint8_t(before)).identification(uint16_t(id * 1021)).udp().bytes());
        }
        const auto results = run("ip4-qos-output", in, [](graph::Packet& packet, size_t i) {
            packet.meta().treatment = given | uint32_t(i);
        });
        for (size_t i = 0; i < results.size(); ++i) {
            const auto header = std::span(results[i].bytes).subspan(14);
            ASSERT_TRUE(vnet::wire::ip4_header_checksum_ok(header));
            ASSERT_EQ(vnet::wire::view<vnet::wire::Ip4Header>(header)->dscp(), i);
        }
    }
}

TEST_F(NodeTest, PoliceAndSayWhy) {
    const auto in = ip4().dscp(0).udp().payload(10).bytes();
    const auto in6 = ip6().udp().bytes();
    struct Way {
        std::array<Action, 3> actions;
        std::array<const char*, 3> becomes;
    };
    const Way ways[] = {
        {{{{}, {}, {true, {}}}}, {"", "", "policer-violate"}},
        {{{{}, {true, {}}, {true, {}}}}, {"", "policer-exceed", "policer-violate"}},
        {{{{true, {}}, {}, {}}}, {"policer-conform", "", ""}},
        {{{{false, 10}, {false, 12}, {false, 14}}}, {"10", "12", "14"}},
    };
    for (const unsigned burst : Bench::bursts) {
        for (const Way& way : ways) {
            const uint64_t conform = burst / 2;
            Stage4 stage;
            stage.policer = policer(std::max<uint64_t>(conform, 1), way.actions);
            ip4_output->set(one, &stage);
            const auto results = run("ip4-qos-output", copies(in, burst));
            ASSERT_EQ(results.size(), burst);
            std::map<std::string, unsigned> seen;
            for (const auto& result : results) {
                const auto* ip =
                    vnet::wire::view<vnet::wire::Ip4Header>(std::span(result.bytes).subspan(14));
                ASSERT_TRUE(
                    vnet::wire::ip4_header_checksum_ok(std::span(result.bytes).subspan(14)));
                ++seen[result.next == "drop" ? result.drop
                       : ip->dscp() == 0     ? ""
                                             : std::to_string(ip->dscp())];
            }
            std::map<std::string, unsigned> expected;
            const auto green = unsigned(std::max<uint64_t>(conform, 1));
            expected[way.becomes[0]] += green;
            if (burst > green) {
                expected[way.becomes[1]] += 1;
            }
            if (burst > green + 1) {
                expected[way.becomes[2]] += burst - green - 1;
            }
            EXPECT_EQ(seen, expected) << burst;
            const auto totals = stage.policer->totals();
            EXPECT_EQ(totals.packets[0], green);
            EXPECT_EQ(totals.packets[0] + totals.packets[1] + totals.packets[2], burst);
            EXPECT_EQ(totals.bytes[0], green * (in.size() - 14));
        }
        Stage6 stage6;
        stage6.policer = policer(2);
        ip6_input->set(one, &stage6);
        const auto results = run("ip6-qos-input", copies(in6, burst));
        const auto dropped = std::count_if(results.begin(), results.end(), [](const auto& result) {
            return result.drop == "policer-violate";
        });
        EXPECT_EQ(dropped, std::max<long>(long(burst) - 3, 0));
    }
}

TEST_F(NodeTest, AColourIsKeptAndNeverMadeBetter) {
    Stage4 stage;
    stage.policer = policer(1, {{{}, {}, {}}});
    ip4_input->set(one, &stage);
    const auto colours_of = [&](const std::vector<graph::testing::Result>& results) {
        std::vector<uint32_t> colours;
        for (const auto& result : results) {
            colours.push_back((result.meta.treatment & treatment::colour_mask) >>
                              treatment::colour_shift);
        }
        return colours;
    };
    const auto in = ip4().udp().bytes();
    EXPECT_THAT(colours_of(run("ip4-qos-input", copies(in, 4))),
                ::testing::ElementsAre(0, 1, 2, 2));
    // A blind one does not ask; what was red stays it all the same.
    stage.policer = policer(100, {{{}, {}, {}}});
    const auto all_red = [](graph::Packet& packet, size_t i) {
        packet.meta().treatment = i == 0 ? 2 << 6 : 1 << 6;
    };
    EXPECT_THAT(colours_of(run("ip4-qos-input", copies(in, 3), all_red)),
                ::testing::ElementsAre(2, 1, 1));
    EXPECT_EQ(stage.policer->totals().packets[0], 3U);
    // An aware one does.
    stage.policer = policer(100, {{{}, {}, {}}}, Scope::all, true);
    EXPECT_THAT(colours_of(run("ip4-qos-input", copies(in, 3), all_red)),
                ::testing::ElementsAre(2, 1, 2));
    EXPECT_EQ(stage.policer->totals().packets[2], 2U);
}

TEST_F(NodeTest, EachHostOrFlowHasTheRate) {
    const auto passed = [&](Scope scope) {
        Stage4 stage;
        stage.policer = policer(2, {{{}, {true, {}}, {true, {}}}}, scope);
        ip4_input->set(one, &stage);
        std::vector<Bytes> in;
        for (int i = 0; i < 10; ++i) {
            in.push_back(ip4("10.0.0.1").udp(1000, 80).bytes());
            in.push_back(ip4("10.0.0.1").udp(1001, 80).bytes());
            in.push_back(ip4("10.0.0.9").udp(1000, 80).bytes());
        }
        const auto results = run("ip4-qos-input", in);
        ip4_input->set(one, nullptr);
        return std::count_if(results.begin(), results.end(),
                             [](const auto& result) { return result.next == "ip4-lookup"; });
    };
    EXPECT_EQ(passed(Scope::all), 2);
    EXPECT_EQ(passed(Scope::destination), 2);
    EXPECT_EQ(passed(Scope::source), 4);
    EXPECT_EQ(passed(Scope::flow), 6);
    // Of IPv6 a network of 64 bits counts as a host.
    Stage6 stage;
    stage.policer = policer(2, {{{}, {true, {}}, {true, {}}}}, Scope::source);
    ip6_input->set(one, &stage);
    std::vector<Bytes> in;
    for (int i = 0; i < 5; ++i) {
        in.push_back(ip6("2001:db8:0:1::1").udp().bytes());
        in.push_back(ip6("2001:db8:0:1::2").udp().bytes());
        in.push_back(ip6("2001:db8:0:2::1").udp().bytes());
    }
    const auto results = run("ip6-qos-input", in);
    EXPECT_EQ(std::count_if(results.begin(), results.end(),
                            [](const auto& result) { return result.next == "ip6-lookup"; }),
              4);
}

TEST_F(NodeTest, TheFirstRuleThatMatchesActs) {
    using Rule = vnet::classify::Rule<vnet::classify::Ip4>;
    Stage4 stage;
    std::vector<Rule> rules(4);
    rules[0].from = vnet::wire::testing::prefix("10.1.0.0/16");
    rules[1].protocol = 17;
    rules[1].destination_ports = {80, 90};
    rules[2].dscp = 46;
    rules[3].mark = 3;
    stage.rules = compiled(rules);
    const auto counts = [] { return std::make_shared<RuleCounts>(2); };
    stage.deeds = {{10, ~treatment::class_mask, 11, nullptr, counts()},
                   {20, ~treatment::mark_mask, 0x500, policer(3), counts()},
                   {30, ~treatment::class_mask, 12, nullptr, counts()},
                   {40, ~uint32_t(0), 0, policer(1), counts()}};
    stage.rules_police = true;
    struct Case {
        Bytes in;
        uint32_t before;
        uint32_t after;
    };
    const Case cases[] = {
        {ip4("10.1.2.3").udp(5, 80).bytes(), 0x742, 0x74b},
        {ip4().udp(5, 80).bytes(), 0x742, 0x542},
        {ip4().dscp(46).tcp(5, 80, TcpFlags::syn).bytes(), 0x700, 0x70c},
        {ip4().tcp(5, 80, TcpFlags::syn).bytes(), 0x700, 0x700},
        {ip4().tcp(5, 80, TcpFlags::syn).bytes(), 0x800, 0x800},
    };
    ip4_input->set(one, &stage);
    for (const unsigned burst : Bench::bursts) {
        stage.deeds[1].policer = policer(1000);
        stage.deeds[3].policer = policer(1000);
        std::vector<Bytes> in;
        for (size_t i = 0; i < burst; ++i) {
            in.push_back(cases[i % std::size(cases)].in);
        }
        const auto results = run("ip4-qos-input", in, [&](graph::Packet& packet, size_t i) {
            packet.meta().treatment = cases[i % std::size(cases)].before;
        });
        ASSERT_EQ(results.size(), burst);
        for (size_t i = 0; i < burst; ++i) {
            ASSERT_EQ(results[i].meta.treatment, cases[i % std::size(cases)].after) << i;
        }
        EXPECT_EQ(stage.deeds[1].policer->totals().packets[0], (burst + 3) / 5);
        EXPECT_EQ(stage.deeds[3].policer->totals().packets[0], (burst + 1) / 5);
    }
    EXPECT_EQ((*stage.deeds[0].counts)[0].packets.read(), 1U + 1 + 13 + 52);
    // What a rule's policer drops, the interface's does not see.
    stage.deeds[1].policer = policer(3, {{{}, {}, {true, {}}}});
    stage.policer = policer(100);
    const auto results = run("ip4-qos-input", copies(cases[1].in, 10));
    EXPECT_EQ(std::count_if(results.begin(), results.end(),
                            [](const auto& result) { return result.next == "drop"; }),
              6);
    EXPECT_EQ(stage.policer->totals().packets[0], 4U);
}

TEST_F(NodeTest, RulesKnowThePortsOfFragmentsWhereTheyAreNoted) {
    using Rule = vnet::classify::Rule<vnet::classify::Ip4>;
    Stage4 stage;
    std::vector<Rule> rules(2);
    rules[0].destination_ports = {80, 80};
    rules[1].protocol = 17;
    stage.rules = compiled(rules);
    const auto counts = std::make_shared<RuleCounts>(2);
    stage.deeds = {{10, ~treatment::class_mask, 1, nullptr, counts},
                   {20, ~treatment::class_mask, 2, nullptr, counts}};
    ip4_input->set(one, &stage);
    const Bytes later =
        ip4().fragment(800, true).protocol(vnet::wire::IpProtocol::udp).payload(80).bytes();
    EXPECT_EQ(run("ip4-qos-input", {later}).at(0).meta.treatment, 2U);
    const auto noted = run("ip4-qos-input", {later}, [&](graph::Packet& packet, size_t) {
        packet.meta().flags |= graph::packet_flag::ports_noted;
        ports.of(packet) = {1000, 80, 17, vnet::fragment::ports_flag::known, 0, 0};
    });
    EXPECT_EQ(noted.at(0).meta.treatment, 1U);
}

TEST_F(NodeTest, InterfacesOfAVectorAreEachTheirOwn) {
    Stage4 first;
    first.records = true;
    first.recorded = {1};
    Stage4 second;
    second.policer = policer(5);
    ip4_input->set(one, &first);
    ip4_input->set(other, &second);
    const auto results =
        run("ip4-qos-input", copies(ip4().udp().bytes(), 60), [](graph::Packet& packet, size_t i) {
            packet.meta().rx_interface = i / 4 % 3 == 0 ? one : i / 4 % 3 == 1 ? other : 3;
        });
    std::map<std::pair<Index, std::string>, unsigned> seen;
    for (const auto& result : results) {
        ++seen[{result.meta.rx_interface, result.next}];
        EXPECT_EQ(result.meta.treatment & treatment::class_mask,
                  result.meta.rx_interface == one ? 1U : 0U);
    }
    EXPECT_EQ((seen[{one, "ip4-lookup"}]), 20U);
    EXPECT_EQ((seen[{other, "ip4-lookup"}]), 6U);
    EXPECT_EQ((seen[{other, "drop"}]), 14U);
    EXPECT_EQ((seen[{3, "ip4-lookup"}]), 20U);
}

}  // namespace
}  // namespace qos
