// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plugins/gre/decap.hpp"
#include "plugins/gre/encap.hpp"
#include "vnet/tunnel/testing/router_bench.hpp"
#include "vnet/wire/gre.hpp"

namespace gre {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using vnet::ip4::Family;
using vnet::tunnel::Ends;
using vnet::tunnel::PointToPoint;
using vnet::tunnel::testing::RouterBench;
using vnet::wire::Ecn;
using vnet::wire::IpProtocol;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::ip;
using vnet::wire::testing::ip6;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

constexpr const char* local4 = "192.0.2.1";
constexpr const char* remote4 = "192.0.2.2";
constexpr const char* local6 = "2001:db8::1";
constexpr const char* remote6 = "2001:db8::2";

/// A header and what is behind it.
Bytes behind(std::string_view header, const Bytes& inner) {
    Bytes bytes = from_hex(header);
    bytes.insert(bytes.end(), inner.begin(), inner.end());
    return bytes;
}

/// Tunnels over both families to the neighbours on wan.
class GreNodesTest : public ::testing::Test {
protected:
    /// With 0 workers the bench is a dry run.
    explicit GreNodesTest(unsigned workers = 1)
        : tunnels_({*net_.engine, net_.router->interfaces(), net_.tunnels()}, "test",
                   PointToPoint::Layouts::by_family) {
        tunnels_.set_tx_node(net_.engine->graph().find("null-tx"));
        auto& table = net_.router->interfaces();
        table.observe(
            [this](const auto& interface, auto change) { tunnels_.changed(interface, change); });
        const auto& exits = net_.tunnels().exits;
        const graph::ArcId arc = net_.arc("device-input");
        net_.bench.add(std::make_shared<const IpipEncap>(exits, tunnels_));
        net_.bench.add(std::make_shared<const GreEncap>(exits, tunnels_, workers));
        net_.bench.add(std::make_shared<const IpipDecap<vnet::ip4::Family>>(table, tunnels_));
        net_.bench.add(std::make_shared<const IpipDecap<vnet::ip6::Family>>(table, tunnels_));
        net_.bench.add(
            std::make_shared<const GreDecap<vnet::ip4::Family>>(table, tunnels_, arc, workers));
        net_.bench.add(
            std::make_shared<const GreDecap<vnet::ip6::Family>>(table, tunnels_, arc, workers));
    }
    ~GreNodesTest() override { net_.router->interfaces().remove_all(); }

    static PointToPoint::Spec over4() {
        PointToPoint::Spec spec;
        spec.ends = Ends<vnet::wire::Ip4Address>{ip(local4), ip(remote4)};
        return spec;
    }
    static PointToPoint::Spec over6() {
        PointToPoint::Spec spec;
        spec.ends = Ends<vnet::wire::Ip6Address>{ip6(local6), ip6(remote6)};
        return spec;
    }
    static PointToPoint::Spec as_ipip(PointToPoint::Spec spec) {
        spec.behind = {{IpProtocol::ipip, {}}, {IpProtocol::ip6, {}}};
        return spec;
    }
    /// With this header in front of IPv4, and its last two of the first four bytes changed for
    /// IPv6.
    static PointToPoint::Spec as_gre(PointToPoint::Spec spec, std::string_view header,
                                     uint8_t note = 0) {
        Bytes bytes = from_hex(header);
        spec.behind.push_back({IpProtocol::gre, bytes});
        if ((note & note::ethernet) == 0) {
            bytes[2] = std::byte{0x86};
            bytes[3] = std::byte{0xdd};
        } else {
            spec.mac = vnet::wire::testing::mac("02:00:00:00:00:77");
        }
        spec.behind.push_back({IpProtocol::gre, bytes});
        spec.note = note;
        return spec;
    }
    Index add(PointToPoint::Spec spec, const std::string& name = "t") {
        const auto index = tunnels_.add(name, std::move(spec));
        EXPECT_TRUE(index.ok()) << index.status();
        EXPECT_TRUE(net_.router->interfaces().set_up(name, true).ok());
        return *index;
    }
    std::vector<Result> encap(const std::string& node, Index tunnel, const Bytes& inner,
                              unsigned count = 1) {
        return net_.put_in(node, inner, count, net_.goes(tunnel));
    }
    Result decap(const std::string& node, const Bytes& outer) {
        return net_.run(node, outer, 1, net_.came(outer)).at(0);
    }

    RouterBench net_;
    PointToPoint tunnels_;
    const Bytes inner4_ = packet().ip4().udp().payload(30).bytes();
    const Bytes inner6_ = packet().ip6("2001:db8:1::1", "2001:db8:2::1").udp().payload(30).bytes();
};

/// As the tunnel makes it.
PacketMaker outer4(IpProtocol protocol) {
    PacketMaker made = packet().ip4(local4, remote4).protocol(protocol).ttl(64).dont_fragment();
    return made;
}
PacketMaker outer6(IpProtocol protocol) {
    PacketMaker made = packet().ip6(local6, remote6).protocol(protocol).ttl(64);
    return made;
}

TEST_F(GreNodesTest, PutPacketsOfBothFamiliesIntoBoth) {
    struct Case {
        PointToPoint::Spec spec;
        Bytes inner;
        const char* node;
        Bytes outer;
    };
    const Bytes frame = packet().ethernet().ip4().udp().payload(30).bytes();
    const Case cases[] = {
        {as_ipip(over4()), inner4_, "ipip-encap",
         outer4(IpProtocol::ipip).payload(inner4_).bytes()},
        {as_ipip(over4()), inner6_, "ipip-encap", outer4(IpProtocol::ip6).payload(inner6_).bytes()},
        {as_ipip(over6()), inner4_, "ipip-encap",
         outer6(IpProtocol::ipip).payload(inner4_).bytes()},
        {as_ipip(over6()), inner6_, "ipip-encap", outer6(IpProtocol::ip6).payload(inner6_).bytes()},
        {as_gre(over4(), "0000 0800"), inner4_, "gre-encap",
         outer4(IpProtocol::gre).payload(behind("0000 0800", inner4_)).bytes()},
        {as_gre(over4(), "0000 0800"), inner6_, "gre-encap",
         outer4(IpProtocol::gre).payload(behind("0000 86dd", inner6_)).bytes()},
        {as_gre(over6(), "2000 0800 00000007"), inner6_, "gre-encap",
         outer6(IpProtocol::gre).payload(behind("2000 86dd 00000007", inner6_)).bytes()},
        {as_gre(over4(), "0000 6558", note::ethernet), frame, "gre-encap",
         outer4(IpProtocol::gre).payload(behind("0000 6558", frame)).bytes()},
    };
    for (const Case& c : cases) {
        const Index tunnel = add(c.spec);
        for (const unsigned burst : Bench::bursts) {
            const auto results = encap(c.node, tunnel, c.inner, burst);
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                ASSERT_EQ(result.next, "interface-output") << result.drop;
                ASSERT_EQ(result.bytes, c.outer);
                EXPECT_EQ(result.meta.tx_interface, net_.wan());
                EXPECT_EQ(result.meta.rx_interface, graph::no_interface);
                EXPECT_TRUE(result.meta.has(graph::packet_flag::led_to_vrf));
            }
        }
        ASSERT_TRUE(net_.router->interfaces().remove("t").ok());
    }
}

TEST_F(GreNodesTest, CarryWhatTheInnerHeaderSays) {
    PointToPoint::Spec spec = as_ipip(over4());
    spec.policy = {std::nullopt, std::nullopt, vnet::tunnel::DontFragment::copied};
    const Index tunnel = add(spec);
    const Bytes inner =
        packet().ip4().ttl(9).dscp(46).ecn(Ecn::capable_0).dont_fragment().payload(8).bytes();
    const Bytes outer = packet()
                            .ip4(local4, remote4)
                            .protocol(IpProtocol::ipip)
                            .ttl(9)
                            .dscp(46)
                            .ecn(Ecn::capable_0)
                            .dont_fragment()
                            .payload(inner)
                            .bytes();
    EXPECT_EQ(encap("ipip-encap", tunnel, inner).at(0).bytes, outer);
}

TEST_F(GreNodesTest, HaveTheLinksHeaderWhereTheWayIsKnown) {
    const Index tunnel = add(as_ipip(over4()));
    const Bytes expected =
        packet()
            .ethernet((*net_.router->interfaces().find("wan"))->mac, "02:00:00:00:00:b2")
            .ip4(local4, remote4)
            .protocol(IpProtocol::ipip)
            .dont_fragment()
            .payload(inner4_)
            .bytes();
    const Result result = net_.run("ipip-encap", inner4_, 1, net_.goes(tunnel)).at(0);
    EXPECT_EQ(result.bytes, expected);
    EXPECT_EQ(result.meta.l3_offset, 14);
}

TEST_F(GreNodesTest, AreRewrittenWhereMoreIsToBeDone) {
    const Index tunnel = add(as_ipip(over4()));
    const auto expect_rewrite = [&](const std::string& family, const Bytes& outer) {
        for (const Result& result : encap("ipip-encap", tunnel, inner4_, 3)) {
            EXPECT_EQ(result.next, family + "-rewrite");
            EXPECT_EQ(result.bytes, outer);
        }
    };
    const Bytes one_hop_more = outer4(IpProtocol::ipip).ttl(65).payload(inner4_).bytes();
    // What is too long for the link, or may have to be cut for it.
    auto& interfaces = net_.router->interfaces();
    ASSERT_TRUE(interfaces.set_mtu("wan", 77).ok());
    net_.settle();
    expect_rewrite("ip4", one_hop_more);
    ASSERT_TRUE(interfaces.set_mtu("wan", 78).ok());
    net_.settle();
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).next, "interface-output");
    ASSERT_TRUE(interfaces.set_mtu("wan", 1500).ok());
    // What a feature of the link is to see.
    graph::Graph& graph = net_.bench.graph();
    net_.bench.collector("watch");
    ASSERT_TRUE(graph.add_feature("ip4-output", {"watch", {}, {}}).ok());
    net_.bench.build();
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).next, "interface-output");
    ASSERT_TRUE(graph.set_feature("ip4-output", "watch", net_.wan(), true).ok());
    expect_rewrite("ip4", one_hop_more);
    ASSERT_TRUE(graph.set_feature("ip4-output", "watch", net_.wan(), false).ok());
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).next, "interface-output");
}

TEST_F(GreNodesTest, NumberAndSumUp) {
    const Index tunnel = add(
        as_gre(over4(), "b000 0800 00000000 00000005 00000000", note::sequence | note::checksum));
    for (uint32_t i = 0; i < 3; ++i) {
        const Result result = encap("gre-encap", tunnel, inner4_).at(0);
        ASSERT_EQ(result.next, "interface-output");
        const auto carried = std::span(result.bytes).subspan(sizeof(vnet::wire::Ip4Header));
        const auto [fields, fault] = vnet::wire::read_gre(carried);
        EXPECT_EQ(fault, vnet::wire::GreFault::none);
        EXPECT_EQ(fields.key, 5U);
        EXPECT_EQ(fields.sequence, i);
        EXPECT_TRUE(vnet::wire::InternetSum().add(carried).is_valid());
    }
}

TEST_F(GreNodesTest, RefuseByName) {
    const Index tunnel = add(as_ipip(over4()));
    const auto drop = [&](const Bytes& bytes, auto&& change) {
        graph::Metadata meta = net_.goes(tunnel);
        change(meta);
        return net_.run("ipip-encap", bytes, 1, meta).at(0).drop;
    };
    EXPECT_EQ(drop(inner4_, [](auto& meta) { meta.l3_offset = 14; }), "not-carried");
    EXPECT_EQ(drop(from_hex("0000"), [](auto&) {}), "not-carried");
    EXPECT_EQ(drop(inner4_, [](auto& meta) { meta.tx_interface = 999; }), "tunnel-gone");
    EXPECT_EQ(
        drop(inner4_, [](auto& meta) { meta.flags = 4 << graph::packet_flag::nesting_shift; }),
        "nesting");
    EXPECT_EQ(
        drop(inner4_, [](auto& meta) { meta.flags = 3 << graph::packet_flag::nesting_shift; }), "");
}

TEST_F(GreNodesTest, FollowTheRouteAndDropALoop) {
    const Index tunnel = add(as_ipip(over4()));
    auto& fib = net_.router->fib();
    using vnet::fib::RouteSource;
    using Via = vnet::fib::Via<vnet::wire::Ip4Address>;
    const auto host = vnet::wire::testing::prefix("192.0.2.2/32");
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).next, "interface-output");
    ASSERT_TRUE(fib.add(host, RouteSource::configured, Via(vnet::fib::ViaKind::blackhole)).ok());
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).next, "ip4-unreachable");
    ASSERT_TRUE(
        fib.add(host, RouteSource::configured, Via(vnet::fib::ViaKind::connected, tunnel)).ok());
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).drop, "tunnel-loop");
    ASSERT_TRUE(fib.remove(host, RouteSource::configured).ok());
    EXPECT_EQ(encap("ipip-encap", tunnel, inner4_).at(0).next, "interface-output");
}

TEST_F(GreNodesTest, TakePacketsOut) {
    struct Case {
        const char* what;
        PointToPoint::Spec spec;
        const char* node;
        Bytes outer;
        const char* next;
        Bytes inner;
        const char* drop = "";
    };
    const auto from4 = [](IpProtocol protocol) {
        PacketMaker made = packet().ip4(remote4, local4).protocol(protocol);
        return made;
    };
    const auto from6 = [](IpProtocol protocol) {
        PacketMaker made = packet().ip6(remote6, local6).protocol(protocol);
        return made;
    };
    const auto gre4 = [&](std::string_view header, const Bytes& inner) {
        return from4(IpProtocol::gre).payload(behind(header, inner)).bytes();
    };
    const auto gre_spec = as_gre(over4(), "0000 0800");
    const auto key_spec = [&] {
        auto spec = as_gre(over4(), "2000 0800 00000007");
        spec.number = number_of(7);
        return spec;
    }();
    const Bytes frame = packet().ethernet().ip4().ecn(Ecn::capable_0).udp().payload(30).bytes();
    const Bytes told = packet().ethernet().ip4().ecn(Ecn::congested).udp().payload(30).bytes();
    const Bytes capable4 = packet().ip4().ecn(Ecn::capable_0).udp().payload(30).bytes();
    const Bytes told4 = packet().ip4().ecn(Ecn::congested).udp().payload(30).bytes();
    const Bytes capable6 = packet().ip6().ecn(Ecn::capable_1).udp().payload(30).bytes();
    const Bytes told6 = packet().ip6().ecn(Ecn::congested).udp().payload(30).bytes();
    const Case cases[] = {
        {"4 in 4", as_ipip(over4()), "ipip4-decap",
         from4(IpProtocol::ipip).payload(inner4_).bytes(), "ip4-input", inner4_},
        {"6 in 4", as_ipip(over4()), "ipip4-decap", from4(IpProtocol::ip6).payload(inner6_).bytes(),
         "ip6-input", inner6_},
        {"6 in 6", as_ipip(over6()), "ipip6-decap", from6(IpProtocol::ip6).payload(inner6_).bytes(),
         "ip6-input", inner6_},
        {"congestion", as_ipip(over4()), "ipip4-decap",
         from4(IpProtocol::ipip).ecn(Ecn::congested).payload(capable4).bytes(), "ip4-input", told4},
        {"congestion of IPv6", as_ipip(over6()), "ipip6-decap",
         from6(IpProtocol::ip6).ecn(Ecn::congested).payload(capable6).bytes(), "ip6-input", told6},
        {"congestion that cannot be told",
         as_ipip(over4()),
         "ipip4-decap",
         from4(IpProtocol::ipip).ecn(Ecn::congested).payload(inner4_).bytes(),
         "drop",
         {},
         "congestion"},
        {"a stranger",
         as_ipip(over4()),
         "ipip4-decap",
         packet().ip4("192.0.2.3", local4).protocol(IpProtocol::ipip).payload(inner4_).bytes(),
         "drop",
         {},
         "no-tunnel"},
        {"gre", gre_spec, "gre4-decap", gre4("0000 0800", inner4_), "ip4-input", inner4_},
        {"gre of IPv6", gre_spec, "gre4-decap", gre4("0000 86dd", inner6_), "ip6-input", inner6_},
        {"a sequence number that nobody asked for", gre_spec, "gre4-decap",
         gre4("1000 0800 00000001", inner4_), "ip4-input", inner4_},
        {"its key", key_spec, "gre4-decap", gre4("2000 0800 00000007", inner4_), "ip4-input",
         inner4_},
        {"another key",
         key_spec,
         "gre4-decap",
         gre4("2000 0800 00000008", inner4_),
         "drop",
         {},
         "no-tunnel"},
        {"no key", key_spec, "gre4-decap", gre4("0000 0800", inner4_), "drop", {}, "no-tunnel"},
        {"key 0 is not no key",
         gre_spec,
         "gre4-decap",
         gre4("2000 0800 00000000", inner4_),
         "drop",
         {},
         "no-tunnel"},
        {"a wrong checksum",
         gre_spec,
         "gre4-decap",
         gre4("8000 0800 00000000", inner4_),
         "drop",
         {},
         "bad-checksum"},
        {"version 1",
         gre_spec,
         "gre4-decap",
         gre4("0001 0800", inner4_),
         "drop",
         {},
         "bad-version"},
        {"source routing",
         gre_spec,
         "gre4-decap",
         gre4("4000 0800 00000000", inner4_),
         "drop",
         {},
         "source-routing"},
        {"cut", gre_spec, "gre4-decap", gre4("2000 08", {}), "drop", {}, "truncated"},
        {"another protocol",
         gre_spec,
         "gre4-decap",
         gre4("0000 880b", inner4_),
         "drop",
         {},
         "not-carried"},
        {"a frame in a tunnel of packets",
         gre_spec,
         "gre4-decap",
         gre4("0000 6558", frame),
         "drop",
         {},
         "not-carried"},
        {"a frame", as_gre(over4(), "0000 6558", note::ethernet), "gre4-decap",
         gre4("0000 6558", frame), "ethernet-input", frame},
        {"congestion in a frame", as_gre(over4(), "0000 6558", note::ethernet), "gre4-decap",
         from4(IpProtocol::gre).ecn(Ecn::congested).payload(behind("0000 6558", frame)).bytes(),
         "ethernet-input", told},
        {"an empty frame",
         as_gre(over4(), "0000 6558", note::ethernet),
         "gre4-decap",
         gre4("0000 6558", {}),
         "drop",
         {},
         "truncated"},
        {"half a frame",
         as_gre(over4(), "0000 6558", note::ethernet),
         "gre4-decap",
         gre4("0000 6558", Bytes(frame.begin(), frame.begin() + 13)),
         "drop",
         {},
         "truncated"},
        {"a frame that is a header only", as_gre(over4(), "0000 6558", note::ethernet),
         "gre4-decap", gre4("0000 6558", Bytes(frame.begin(), frame.begin() + 14)),
         "ethernet-input", Bytes(frame.begin(), frame.begin() + 14)},
        {"a packet in a tunnel of frames",
         as_gre(over4(), "0000 6558", note::ethernet),
         "gre4-decap",
         gre4("0000 0800", inner4_),
         "drop",
         {},
         "not-carried"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        const Index tunnel = add(c.spec);
        for (const unsigned burst : Bench::bursts) {
            const auto results = net_.run(c.node, c.outer, burst, net_.came(c.outer));
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                ASSERT_EQ(result.next, c.next);
                ASSERT_EQ(result.drop, c.drop);
                if (result.next != "drop") {
                    ASSERT_EQ(result.bytes, c.inner);
                    EXPECT_EQ(result.meta.rx_interface, tunnel);
                    EXPECT_EQ(result.meta.l3_offset, 0);
                }
            }
        }
        ASSERT_TRUE(net_.router->interfaces().remove("t").ok());
        EXPECT_EQ(decap(c.node, c.outer).next, "drop");
    }
}

TEST_F(GreNodesTest, DropWhatComesByATunnelThatIsDown) {
    const Index tunnel = add(as_ipip(over4()));
    const Bytes outer =
        packet().ip4(remote4, local4).protocol(IpProtocol::ipip).payload(inner4_).bytes();
    ASSERT_TRUE(net_.router->interfaces().set_up("t", false).ok());
    EXPECT_EQ(decap("ipip4-decap", outer).drop, "tunnel-down");
    ASSERT_TRUE(net_.router->interfaces().set_up("t", true).ok());
    EXPECT_EQ(decap("ipip4-decap", outer).meta.rx_interface, tunnel);
    EXPECT_EQ(net_.router->interfaces().totals(tunnel).rx_packets, 1U);
}

TEST_F(GreNodesTest, DropWhatGoesRoundInTunnels) {
    add(as_ipip(over4()));
    auto spec = as_gre(over4(), "2000 0800 00000007");
    spec.number = number_of(7);
    add(spec, "g");
    const auto from = [](IpProtocol protocol) {
        PacketMaker made = packet().ip4(remote4, local4).protocol(protocol);
        return made;
    };
    const Bytes ipip = from(IpProtocol::ipip).payload(inner4_).bytes();
    const Bytes gre = from(IpProtocol::gre).payload(behind("2000 0800 00000007", inner4_)).bytes();
    for (const auto& [node, bytes] :
         {std::pair("ipip4-decap", ipip), std::pair("gre4-decap", gre)}) {
        graph::Metadata meta = net_.came(bytes);
        meta.flags = 3 << graph::packet_flag::nesting_shift;
        EXPECT_EQ(net_.run(node, bytes, 1, meta).at(0).next, "ip4-input");
        meta.flags = 4 << graph::packet_flag::nesting_shift;
        EXPECT_EQ(net_.run(node, bytes, 1, meta).at(0).drop, "nesting");
    }
}

/// A packet of a tunnel that has sequence numbers.
Bytes numbered(uint32_t number, const Bytes& inner) {
    const vnet::wire::Be32 field(number);
    Bytes carried = from_hex("1000 0800");
    const auto bytes = std::as_bytes(std::span(&field, 1));
    carried.insert(carried.end(), bytes.begin(), bytes.end());
    carried.insert(carried.end(), inner.begin(), inner.end());
    return packet().ip4(remote4, local4).protocol(IpProtocol::gre).payload(carried).bytes();
}

TEST_F(GreNodesTest, KeepTheOrderOfNumbers) {
    add(as_gre(over4(), "1000 0800 00000000", note::sequence));
    const auto drop = [&](uint32_t number) {
        return decap("gre4-decap", numbered(number, inner4_)).drop;
    };
    // The other end has long been there.
    EXPECT_EQ(drop(0xffff'fff0), "");
    EXPECT_EQ(drop(0xffff'fff0), "out-of-order");
    EXPECT_EQ(drop(5), "");
    EXPECT_EQ(drop(5), "out-of-order");
    EXPECT_EQ(drop(4), "out-of-order");
    EXPECT_EQ(decap("gre4-decap", packet()
                                      .ip4(remote4, local4)
                                      .protocol(IpProtocol::gre)
                                      .payload(behind("0000 0800", inner4_))
                                      .bytes())
                  .drop,
              "out-of-order");
    EXPECT_EQ(drop(0x7fff'ffff), "");
}

TEST_F(GreNodesTest, FollowAnOtherEndThatWasStartedAgain) {
    add(as_gre(over4(), "1000 0800 00000000", note::sequence));
    EXPECT_EQ(decap("gre4-decap", numbered(1'000'000, inner4_)).drop, "");
    unsigned lost = 0;
    for (uint32_t number = 0; number < 100; ++number) {
        lost += decap("gre4-decap", numbered(number, inner4_)).drop == "out-of-order";
    }
    EXPECT_EQ(lost, HeardNumbers::most_late - 1);
}

/// The same nodes where no worker runs them.
class GreDryRunTest : public GreNodesTest {
protected:
    GreDryRunTest() : GreNodesTest(0) {}
};

TEST_F(GreDryRunTest, TakesNoNumbers) {
    const Index tunnel = add(as_gre(over4(), "1000 0800 00000000", note::sequence));
    for (int i = 0; i < 2; ++i) {
        const Result result = encap("gre-encap", tunnel, inner4_).at(0);
        ASSERT_EQ(result.next, "interface-output");
        const auto carried = std::span(result.bytes).subspan(sizeof(vnet::wire::Ip4Header));
        EXPECT_EQ(vnet::wire::read_gre(carried).fields.sequence, 0U);
        EXPECT_EQ(decap("gre4-decap", numbered(7, inner4_)).next, "ip4-input");
    }
}

}  // namespace
}  // namespace gre
