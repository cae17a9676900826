// SPDX-License-Identifier: Apache-2.0
#include "vnet/fragment/virtual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vnet/fragment/testing/datagrams.hpp"

/// ip4-virtual-reassembly and ip6-virtual-reassembly on the bench, each on its arc.
namespace vnet::fragment {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using testing::ip4_fragment;
using testing::ip6_fragment;
using wire::testing::packet;

/// Notes the ports of each packet that reaches the end of the arc.
struct Note {
    static constexpr auto info = graph::node("note");
    void operator()(std::span<graph::Packet*> packets, graph::Dispatch&) const noexcept {
        for (graph::Packet* one : packets) {
            ports->push_back(slot.of(*one));
            bytes->push_back({one->bytes().begin(), one->bytes().end()});
            graph::free_packet(one);
        }
    }
    PortsSlot slot;
    std::vector<Ports>* ports;
    std::vector<Bytes>* bytes;
};

class VirtualTest : public ::testing::Test {
protected:
    VirtualTest() : free_(graph::testing::pool().available()) {
        const auto slot = *bench_.slots().place<Ports>("ports");
        bench_.add(std::make_shared<const Note>(Note{slot, &ports_, &bytes_}));
        bench_.add(std::make_shared<const Ip4VirtualReassembly>(ip4_, slot));
        bench_.add(std::make_shared<const Ip6VirtualReassembly>(ip6_, slot));
        for (const auto node : {Ip4::virtual_reassembly, Ip6::virtual_reassembly}) {
            const std::string name(node);
            bench_.collector(name + "-start");
            EXPECT_TRUE(
                bench_.graph().add_arc({name, graph::ArcSide::rx, {name + "-start"}, "note"}).ok());
            EXPECT_TRUE(bench_.graph().add_feature(name, {name, {}, {}}).ok());
        }
        bench_.build();
    }
    void TearDown() override {
        for (const auto& [stores, node] : {std::pair(&ip4_, Ip4::virtual_reassembly),
                                           std::pair(&ip6_, Ip6::virtual_reassembly)}) {
            Settings settings;
            settings.timeout_ms = 0;
            stores->set(settings);
            graph::Packet* one = graph::testing::pool().allocate();
            (void)bench_.run(std::string(node), {&one, 1});
            EXPECT_EQ(stores->counters(0).datagrams.read(), 0u);
        }
        EXPECT_EQ(graph::testing::pool().available(), free_);
    }
    /// What was dropped.
    std::vector<std::string> run(const std::vector<Bytes>& in) {
        std::vector<graph::Packet*> packets;
        const bool six = uint8_t(in.at(0)[0]) >> 4 == 6;
        for (const Bytes& bytes : in) {
            packets.push_back(testing::in_segments(bytes, 2000));
            packets.back()->meta().rx_interface = 1;
            packets.back()->meta().arc = six ? 1 : 0;
        }
        ports_.clear();
        bytes_.clear();
        std::vector<std::string> drops;
        for (const auto& result : bench_.run(
                 std::string(six ? Ip6::virtual_reassembly : Ip4::virtual_reassembly), packets)) {
            drops.push_back(result.drop);
        }
        return drops;
    }
    static Ports ports(uint16_t source, uint16_t destination, wire::IpProtocol protocol,
                       uint8_t flags) {
        Ports made;
        made.source = source;
        made.destination = destination;
        made.protocol = uint8_t(protocol);
        made.flags = uint8_t(flags | ports_flag::known);
        return made;
    }

    const unsigned free_;
    std::unique_ptr<graph::Engine> engine_ = testing::make_engine();
    graph::testing::Bench bench_;
    Stores ip4_{*engine_, 1, Settings{}};
    Stores ip6_{*engine_, 2, Settings{}};
    std::vector<Ports> ports_;
    std::vector<Bytes> bytes_;
};

constexpr auto udp = wire::IpProtocol::udp;
constexpr uint8_t first_piece = ports_flag::fragment;
constexpr uint8_t later_piece = ports_flag::fragment | ports_flag::later_fragment;

TEST_F(VirtualTest, KnowsThePortsOfWhatIsWhole) {
    EXPECT_THAT(run({packet().ip4().udp(5, 6).bytes(), packet().ip4().tcp(7, 8).bytes(),
                     packet().ip4().icmp_echo_request(9, 1).bytes(),
                     packet().ip4().icmp_echo_reply(9, 1).bytes()}),
                ElementsAre());
    using wire::IpProtocol;
    Ports request = ports(9, 9, IpProtocol::icmp, 0);
    request.type = 8;
    EXPECT_THAT(ports_, ElementsAre(ports(5, 6, udp, 0), ports(7, 8, IpProtocol::tcp, 0), request,
                                    ports(9, 9, IpProtocol::icmp, 0)));
    EXPECT_THAT(run({packet().ip4().icmp_unreachable(wire::Icmp4Unreachable::port).bytes(),
                     packet().ip4().protocol(IpProtocol::gre).payload(8).bytes(),
                     packet().ip4().protocol(udp).payload(3).bytes()}),
                ElementsAre());
    for (const Ports& one : ports_) {
        EXPECT_FALSE(one.has(ports_flag::known));
    }
    EXPECT_EQ(ports_[0].type, 3);
    EXPECT_EQ(ports_[0].code, 3);
    EXPECT_THAT(run({packet().ip6().udp(5, 6).bytes(),
                     packet().ip6().hop_by_hop().destination_options().tcp(7, 8).bytes(),
                     packet().ip6().fragment_header(0, false).udp(1, 2).bytes(),
                     packet().ip6().icmp6_echo_request(3, 1).bytes()}),
                ElementsAre());
    Ports echo = ports(3, 3, IpProtocol::icmp6, 0);
    echo.type = 128;
    EXPECT_THAT(ports_, ElementsAre(ports(5, 6, udp, 0), ports(7, 8, IpProtocol::tcp, 0),
                                    ports(1, 2, udp, 0), echo));
}

/// All that asks with an identifier, not echo alone.
TEST_F(VirtualTest, FragmentsOfAQueryHaveItsIdentifier) {
    for (const uint8_t type : {0, 8, 13, 14}) {
        const Bytes whole = packet().ip4().icmp(type, 0, 9U << 16).payload(100).bytes();
        EXPECT_THAT(run({ip4_fragment(whole, {0, 24}, type), ip4_fragment(whole, {24, 108}, type)}),
                    ElementsAre());
        Ports first = ports(9, 9, wire::IpProtocol::icmp, first_piece);
        first.type = type;
        Ports later = ports(9, 9, wire::IpProtocol::icmp, later_piece);
        later.type = type;
        EXPECT_THAT(ports_, ElementsAre(first, later));
    }
}

TEST_F(VirtualTest, FragmentsFollowTheirFirst) {
    const Bytes four = packet().ip4().udp(5, 6).payload(4000).bytes();
    const Bytes six = packet().ip6().udp(5, 6).payload(4000).bytes();
    for (const bool is_six : {false, true}) {
        const auto piece = [&](uint32_t begin, uint32_t end) {
            return is_six ? ip6_fragment(six, {begin, end}) : ip4_fragment(four, {begin, end});
        };
        // In order: all pass at once.
        EXPECT_THAT(run({piece(0, 1600), piece(1600, 3200), piece(3200, 4008)}), ElementsAre());
        EXPECT_THAT(ports_,
                    ElementsAre(ports(5, 6, udp, first_piece), ports(5, 6, udp, later_piece),
                                ports(5, 6, udp, later_piece)));
        // The first comes last.
        EXPECT_THAT(run({piece(3200, 4008), piece(1600, 3200)}), ElementsAre());
        EXPECT_THAT(ports_, ElementsAre());
        EXPECT_THAT(run({piece(0, 1600)}), ElementsAre());
        EXPECT_THAT(bytes_, ElementsAre(piece(0, 1600), piece(1600, 3200), piece(3200, 4008)));
        EXPECT_THAT(ports_,
                    ElementsAre(ports(5, 6, udp, first_piece), ports(5, 6, udp, later_piece),
                                ports(5, 6, udp, later_piece)));
        // In the middle.
        EXPECT_THAT(run({piece(1600, 3200), piece(0, 1600), piece(3200, 4008)}), ElementsAre());
        EXPECT_THAT(bytes_, ElementsAre(piece(0, 1600), piece(1600, 3200), piece(3200, 4008)));
    }
    EXPECT_EQ(ip4_.counters(0).whole.read(), 3u);
    EXPECT_EQ(ip6_.counters(0).whole.read(), 3u);
}

TEST_F(VirtualTest, AtEveryBurstSize) {
    const Bytes whole = packet().ip4().udp(5, 6).payload(80).bytes();
    Settings settings;
    settings.share = 100;
    ip4_.set(settings);
    for (const unsigned burst : graph::testing::Bench::bursts) {
        std::vector<Bytes> later;
        std::vector<Bytes> first;
        for (unsigned i = 0; i < burst; ++i) {
            later.push_back(ip4_fragment(whole, {40, 88}, uint16_t(i)));
            first.push_back(ip4_fragment(whole, {0, 40}, uint16_t(i)));
        }
        EXPECT_THAT(run(later), ElementsAre());
        EXPECT_EQ(bytes_.size(), 0u);
        EXPECT_THAT(run(first), ElementsAre());
        ASSERT_EQ(bytes_.size(), 2 * burst);
        for (unsigned i = 0; i < burst; ++i) {
            EXPECT_EQ(bytes_[2 * i], first[i]);
            EXPECT_EQ(bytes_[2 * i + 1], later[i]);
        }
    }
}

TEST_F(VirtualTest, DropsByName) {
    const Bytes four = packet().ip4().udp(5, 6).payload(2000).bytes();
    const auto piece = [&](uint32_t begin, uint32_t end) {
        return ip4_fragment(four, {begin, end});
    };
    EXPECT_THAT(run({piece(0, 800), piece(792, 1600), piece(1600, 2008)}),
                ElementsAre("overlap", "of-refused-datagram"));
    EXPECT_EQ(bytes_.size(), 1u);
    // A TCP header in two fragments; a duplicate of what has passed.
    const Bytes tcp = packet().ip4().tcp(5, 6).payload(100).bytes();
    EXPECT_THAT(run({ip4_fragment(tcp, {16, 120}, 8), ip4_fragment(tcp, {0, 16}, 8)}),
                ElementsAre("tiny-first-fragment", "tiny-first-fragment"));
    EXPECT_EQ(bytes_.size(), 0u);
    EXPECT_THAT(run({ip4_fragment(tcp, {0, 24}, 9), ip4_fragment(tcp, {0, 24}, 9),
                     ip4_fragment(tcp, {24, 120}, 9)}),
                ElementsAre("duplicate"));
    EXPECT_EQ(bytes_.size(), 2u);
    EXPECT_THAT(run({packet().ip4().fragment(0, true).payload(15).bytes()}),
                ElementsAre("bad-length"));
    EXPECT_THAT(run({packet().ip6().fragment_header(0, true).payload(15).bytes()}),
                ElementsAre("bad-length"));
    EXPECT_THAT(run({packet().ip4().fragment(0, true).truncate(10).bytes()}),
                ElementsAre("truncated"));
}

}  // namespace
}  // namespace vnet::fragment
