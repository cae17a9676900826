// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/lookup.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/flow/tcp.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/wire/testing/packets.hpp"

/// ip4-flow on the bench, on its arc, with the table of one worker.
namespace vnet::flow {
namespace {

using graph::testing::Bench;
using graph::testing::Result;
using wire::IpProtocol;
using wire::TcpFlags;
using wire::testing::Bytes;
using wire::testing::from_hex;
using wire::testing::ip;
using wire::testing::packet;
using wire::testing::PacketMaker;

constexpr const char* inside = "10.0.0.2";
constexpr const char* outside = "198.51.100.1";
constexpr const char* remote = "192.0.2.1";

struct LookupTest : ::testing::Test {
    LookupTest() {
        const auto slot = *bench.slots().place<fragment::Ports>("ports");
        ports = slot;
        bench.collector("ip4-input");
        bench.collector("ip4-lookup");
        bench.collector("ip4-virtual-reassembly");
        auto& graph = bench.graph();
        EXPECT_TRUE(
            graph.add_arc({"ip4-unicast", graph::ArcSide::rx, {"ip4-input"}, "ip4-lookup"}).ok());
        bench.add(std::make_shared<const Lookup>(tables, interfaces, slot));
        EXPECT_TRUE(graph.add_feature("ip4-unicast", {"ip4-flow", {}, {}}).ok());
    }
    static std::unique_ptr<graph::Engine> make_engine() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }
    /// A session that is translated on its way out: 10.0.0.2:1000 as 198.51.100.1:2000.
    SessionIndex make(IpProtocol protocol, uint16_t port = 1000, uint16_t out_port = 2000,
                      uint16_t remote_port = 53) {
        const bool icmp = protocol == IpProtocol::icmp;
        const Key forward{ip(inside), ip(remote),        Ports::of(port, icmp ? port : remote_port),
                          0,          uint8_t(protocol), 0};
        const Key reverse{
            ip(remote), ip(outside),       Ports::of(icmp ? out_port : remote_port, out_port),
            0,          uint8_t(protocol), 0};
        return tables.of(0).create({forward, reverse, first_timer(uint8_t(protocol)), 0, 0, 0}, 0);
    }
    using Change = std::function<void(graph::Packet&)>;
    std::vector<Result> run(const Bytes& in, unsigned burst = 1, const Change& change = {}) {
        std::vector<graph::Packet*> packets;
        for (unsigned i = 0; i < burst; ++i) {
            graph::Packet* one = bench.packet(in, 1);
            const auto bytes = one->from_offset(14);
            const auto* header = wire::view<wire::Ip4Header>(bytes);
            one->meta().l3_offset = 14;
            one->meta().l4_offset =
                uint16_t(14 + (header == nullptr ? 0 : header->header_length()));
            one->meta().arc = 0;
            if (change) {
                change(*one);
            }
            packets.push_back(one);
        }
        return bench.run("ip4-flow", packets);
    }
    static Ref ref_of(const Result& result) {
        return result.meta.has(graph::packet_flag::flow) ? Ref::from_raw(result.meta.session)
                                                         : Ref();
    }
    const Session& session(SessionIndex index) { return tables.of(0)[index]; }

    std::unique_ptr<graph::Engine> engine = make_engine();
    interface::Table interfaces {
        *engine
    };
    Tables tables{*engine, 1000};
    Bench bench;
    std::optional<fragment::PortsSlot> ports;
};

PacketMaker out() {
    return packet().ethernet().ip4(inside, remote);
}
PacketMaker back() {
    return packet().ethernet().ip4(remote, outside);
}

TEST_F(LookupTest, FindsBothDirectionsAtEveryBurst) {
    const SessionIndex udp = make(IpProtocol::udp);
    const SessionIndex tcp = make(IpProtocol::tcp);
    const SessionIndex icmp = make(IpProtocol::icmp);
    struct Case {
        Bytes in;
        Ref ref;
    };
    const Case cases[] = {
        {out().udp(1000, 53).bytes(), Ref(udp, Direction::forward)},
        {back().udp(53, 2000).bytes(), Ref(udp, Direction::reverse)},
        {out().tcp(1000, 53).bytes(), Ref(tcp, Direction::forward)},
        {back().tcp(53, 2000).bytes(), Ref(tcp, Direction::reverse)},
        {out().icmp_echo_request(1000).bytes(), Ref(icmp, Direction::forward)},
        {back().icmp_echo_reply(2000).bytes(), Ref(icmp, Direction::reverse)},
        {out().udp(1001, 53).bytes(), Ref()},
        {back().udp(53, 1000).bytes(), Ref()},
        {out().icmp_echo_request(2000).bytes(), Ref()},
    };
    for (const Case& test : cases) {
        for (const unsigned burst : Bench::bursts) {
            const auto results = run(test.in, burst);
            ASSERT_EQ(results.size(), burst);
            for (const Result& result : results) {
                ASSERT_EQ(result.next, "ip4-lookup");
                ASSERT_TRUE(result.meta.has(graph::packet_flag::flow));
                ASSERT_EQ(ref_of(result), test.ref);
                ASSERT_EQ(result.bytes, test.in);
            }
        }
    }
    // Each packet is counted for its session.
    EXPECT_EQ(session(tcp).packets[0], 1U + 3 + 63 + 256);
    EXPECT_EQ(session(udp).packets[1], 1U + 3 + 63 + 256);
}

TEST_F(LookupTest, LeavesThePortsOfAllThatHasSome) {
    const auto ports_of = [&](const Bytes& in) {
        const Result result = run(in).at(0);
        EXPECT_TRUE(result.meta.has(graph::packet_flag::flow));
        return Ports{result.meta.ports};
    };
    EXPECT_EQ(ports_of(out().udp(7, 8).bytes()), Ports::of(7, 8));
    EXPECT_EQ(ports_of(out().protocol(IpProtocol::sctp).payload("abcdefgh").bytes()),
              Ports::of(0x6162, 0x6364));
    EXPECT_EQ(ports_of(out().icmp_echo_request(9).bytes()), Ports::of(9, 9));
    EXPECT_EQ(ports_of(out().protocol(IpProtocol(47)).payload("abcdefgh").bytes()), Ports());
}

TEST_F(LookupTest, HasNothingToSayOfWhatIsCutShort) {
    make(IpProtocol::udp);
    for (const Bytes& in : {out().udp(1000, 53).truncate(14 + 20 + 3).bytes(),
                            out().icmp(8).truncate(14 + 20 + 7).bytes(), out().icmp(10).bytes(),
                            out().truncate(14 + 19).bytes()}) {
        const Result result = run(in).at(0);
        EXPECT_EQ(result.next, "ip4-lookup");
        EXPECT_FALSE(result.meta.has(graph::packet_flag::flow));
    }
}

TEST_F(LookupTest, AnErrorBelongsToTheSessionOfWhatItQuotes) {
    const SessionIndex index = make(IpProtocol::udp);
    const Bytes sent = packet().ip4(outside, remote).udp(2000, 53).payload(8).bytes();
    const auto error = [&](const Bytes& quoted) {
        return packet()
            .ethernet()
            .ip4("203.0.113.9", outside)
            .icmp_time_exceeded()
            .payload(std::span<const std::byte>(quoted))
            .bytes();
    };
    EXPECT_EQ(ref_of(run(error(sent)).at(0)), Ref(index, Direction::reverse));
    // It says nothing of how the session goes on (RFC 5508 REQ-1).
    EXPECT_EQ(session(index).packets[1], 0U);
    EXPECT_EQ(session(index).timer, Timer::udp);
    // About nothing, about itself, cut short.
    const Bytes of_nobody = packet().ip4(outside, remote).udp(2001, 53).payload(8).bytes();
    EXPECT_FALSE(ref_of(run(error(of_nobody)).at(0)));
    const Bytes of_error = packet().ip4(outside, remote).icmp_time_exceeded().payload(8).bytes();
    EXPECT_FALSE(run(error(of_error)).at(0).meta.has(graph::packet_flag::flow));
    EXPECT_FALSE(run(error(Bytes(sent.begin(), sent.begin() + 22)))
                     .at(0)
                     .meta.has(graph::packet_flag::flow));
}

TEST_F(LookupTest, AFragmentMakesADetourForItsPorts) {
    const SessionIndex index = make(IpProtocol::udp);
    const Bytes later = out().fragment(16, false).protocol(IpProtocol::udp).payload(8).bytes();
    EXPECT_EQ(run(later).at(0).next, "ip4-virtual-reassembly");
    const Result result =
        run(later, 1, [&](graph::Packet& one) {
            one.meta().flags |= graph::packet_flag::ports_noted;
            ports->of(one) = {1000,
                              53,
                              17,
                              fragment::ports_flag::known | fragment::ports_flag::fragment |
                                  fragment::ports_flag::later_fragment,
                              0,
                              0};
        }).at(0);
    EXPECT_EQ(result.next, "ip4-lookup");
    EXPECT_EQ(ref_of(result), Ref(index, Direction::forward));
    EXPECT_EQ(Ports{result.meta.ports}, Ports::of(1000, 53));
    EXPECT_EQ(session(index).packets[0], 1U);
}

TEST_F(LookupTest, FollowsConnections) {
    const SessionIndex index = make(IpProtocol::tcp);
    (void)run(out().tcp(1000, 53, TcpFlags::syn).bytes());
    (void)run(back().tcp(53, 2000, TcpFlags::syn | TcpFlags::ack).bytes());
    EXPECT_EQ(session(index).timer, Timer::tcp_transitory);
    (void)run(out().tcp(1000, 53, TcpFlags::ack).bytes());
    EXPECT_EQ(session(index).timer, Timer::tcp_established);
}

TEST_F(LookupTest, StaleAnswersAreTakenBack) {
    make(IpProtocol::udp);
    // Whatever an earlier pass left there.
    const Change stale = [](graph::Packet& one) {
        one.meta().flags |= graph::packet_flag::flow;
        one.meta().session = 99;
    };
    EXPECT_FALSE(ref_of(run(out().udp(1, 2).bytes(), 1, stale).at(0)));
    EXPECT_FALSE(
        run(out().truncate(14 + 19).bytes(), 1, stale).at(0).meta.has(graph::packet_flag::flow));
}

TEST_F(LookupTest, InterfacesMixInAVector) {
    const SessionIndex index = make(IpProtocol::udp);
    uint32_t number = 0;
    for (const Result& result : run(out().udp(1000, 53).bytes(), 256, [&](graph::Packet& one) {
             // Now and then another one, also in the midst of a batch.
             one.meta().rx_interface = ++number % 7 == 0 ? 2 : 1;
         })) {
        EXPECT_EQ(result.next, "ip4-lookup");
        EXPECT_EQ(ref_of(result), Ref(index, Direction::forward));
    }
    EXPECT_EQ(session(index).packets[0], 256U);
}

TEST_F(LookupTest, ADryRunBeginsWithNoSessions) {
    const SessionIndex real = make(IpProtocol::udp);
    Table& dry = tables.of(tables.workers());
    // Of an earlier one, and of none that this one asks for.
    const Key earlier{ip(inside), ip(remote), Ports::of(1, 2), 0, 17, 0};
    ASSERT_NE(dry.create({earlier, earlier.reversed(), Timer::udp, 0, 0, 0}, 0), 0U);
    EXPECT_TRUE(tables.copy_for_dry_run(session(real).forward));
    EXPECT_FALSE(dry.find(earlier));
    EXPECT_EQ(dry.counters().sessions.read(), 1U);
}

}  // namespace
}  // namespace vnet::flow
