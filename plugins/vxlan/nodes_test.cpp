// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <set>

#include "plugins/vxlan/testing/rig.hpp"
#include "vnet/wire/ip6_checksum.hpp"

namespace vxlan {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using vnet::wire::Ecn;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::packet;
using vnet::wire::testing::PacketMaker;

constexpr unsigned bursts[] = {1, 3, 63, 256};

Bytes frame() {
    return packet().ethernet().ip4("192.168.0.1", "192.168.0.2").udp(1, 2).payload(30).bytes();
}
Bytes behind(const Bytes& header, const Bytes& rest) {
    Bytes all = header;
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}
Bytes with_header(const Bytes& rest, const char* header = "08000000 00007b00") {
    return behind(from_hex(header), rest);
}
/// An outer packet of the other end, whose addresses are 198.51.100.7 and 2001:db8:7::7.
PacketMaker from_peer4(uint16_t port = 4789) {
    return packet()
        .ethernet("02:00:00:00:00:b2", "02:00:00:00:00:a2")
        .ip4("198.51.100.7", "10.0.2.1")
        .udp(50000, port);
}
PacketMaker from_peer6(uint16_t port = 4789) {
    return packet()
        .ethernet("02:00:00:00:00:b2", "02:00:00:00:00:a2")
        .ip6("2001:db8:7::7", "2001:db8:2::1")
        .udp(50000, port);
}

class NodesTest : public testing::Rig {
protected:
    static constexpr const char* add4 =
        "add vxlan tunnel t vni 123 local 10.0.2.1 remote 198.51.100.7";
    static constexpr const char* add6 =
        "add vxlan tunnel t vni 123 local 2001:db8:2::1 remote 2001:db8:7::7";
    static constexpr const char* add6_bare =
        "add vxlan tunnel t vni 123 local 2001:db8:2::1 remote 2001:db8:7::7 checksum off";
    void join(const std::string& line) {
        set_up({line, "set interface t state up", "add cross-connect lan t"});
    }
    void part() { set_up({"delete interface t"}); }
    /// One frame out by the tunnel; without its outer Ethernet header.
    Bytes out(const Bytes& in) {
        const auto sent = send(lan, in);
        EXPECT_EQ(sent.size(), 1U);
        return sent.empty() ? Bytes() : Bytes(sent[0].bytes.begin() + 14, sent[0].bytes.end());
    }
    /// A frame of the other end that is dropped, and why.
    std::string why(const Bytes& in) {
        drops();
        EXPECT_THAT(send(wan, in), IsEmpty());
        const auto all = drops();
        return all.size() == 1 ? all.begin()->first : std::to_string(all.size()) + " reasons";
    }
};

uint16_t get16(const Bytes& bytes, size_t at) {
    return uint16_t(uint8_t(bytes.at(at)) << 8 | uint8_t(bytes.at(at + 1)));
}

TEST_F(NodesTest, PutsFramesBehindHeadersAtEveryBurst) {
    join(add4);
    for (const unsigned burst : bursts) {
        const auto sent = send(lan, frame(), burst);
        ASSERT_EQ(sent.size(), burst);
        for (const auto& one : sent) {
            const uint16_t port = get16(one.bytes, 14 + 20);
            EXPECT_GE(port, 49152);
            EXPECT_EQ(one.by, wan);
            EXPECT_EQ(one.bytes, packet()
                                     .ethernet(wan_mac, gateway_mac)
                                     .ip4("10.0.2.1", "198.51.100.7")
                                     .dont_fragment()
                                     .udp(port, 4789)
                                     .checksum(0)
                                     .payload(with_header(frame()))
                                     .bytes());
        }
    }
    EXPECT_THAT(drops(), IsEmpty());
}

TEST_F(NodesTest, PutsFramesIntoIp6AtEveryBurst) {
    join(add6_bare);
    for (const unsigned burst : bursts) {
        const auto sent = send(lan, frame(), burst);
        ASSERT_EQ(sent.size(), burst);
        for (const auto& one : sent) {
            EXPECT_EQ(one.bytes, packet()
                                     .ethernet(wan_mac, gateway_mac)
                                     .ip6("2001:db8:2::1", "2001:db8:7::7")
                                     .udp(get16(one.bytes, 14 + 40), 4789)
                                     .checksum(0)
                                     .payload(with_header(frame()))
                                     .bytes());
        }
    }
}

TEST_F(NodesTest, TakesFramesOutAtEveryBurst) {
    for (const bool is_ip6 : {false, true}) {
        join(is_ip6 ? add6 : add4);
        const auto make = [&] {
            return (is_ip6 ? from_peer6() : from_peer4()).payload(with_header(frame()));
        };
        const Bytes cases[] = {make().bytes(), make().checksum(0).bytes(),
                               // What is behind the UDP datagram is not the frame's.
                               make().pad_to(300).bytes()};
        for (const Bytes& in : cases) {
            for (const unsigned burst : bursts) {
                const auto sent = send(wan, in, burst);
                ASSERT_EQ(sent.size(), burst);
                for (const auto& one : sent) {
                    EXPECT_EQ(one.by, lan);
                    EXPECT_EQ(one.bytes, frame());
                }
            }
        }
        part();
    }
    EXPECT_THAT(drops(), IsEmpty());
}

TEST_F(NodesTest, AFlowHasOnePort) {
    join(add4);
    std::set<uint16_t> ports;
    constexpr int flows = 256;
    for (int flow = 0; flow < flows; ++flow) {
        const auto in = packet().ethernet().ip4().udp(uint16_t(2000 + flow), 80).payload(20);
        const uint16_t port = get16(out(in.bytes()), 20);
        EXPECT_EQ(get16(out(in.bytes()), 20), port);
        ports.insert(port);
    }
    EXPECT_GT(ports.size(), flows * 9 / 10);
    // Each of what tells flows apart, and IPv6, tagged and other frames as well.
    const Bytes others[] = {
        packet().ethernet().ip4("10.0.0.3").udp().bytes(),
        packet().ethernet().ip4("10.0.0.1", "10.0.0.9").udp().bytes(),
        packet().ethernet("02:00:00:00:00:11").ip4().udp().bytes(),
        packet().ethernet("02:00:00:00:00:01", "02:00:00:00:00:12").ip4().udp().bytes(),
        packet().ethernet().ip4().tcp().bytes(),
        packet().ethernet().ip6().udp().bytes(),
        packet().ethernet().ip6().udp(7, 8).bytes(),
        packet().ethernet().vlan(7).ip4().udp(7, 9).bytes(),
        packet().ethernet().vlan(7).ip4().udp(7, 10).bytes(),
        packet().ethernet("02:00:00:00:00:13").type(0x88b5).payload(40).bytes(),
    };
    std::set<uint16_t> of_others;
    for (const Bytes& in : others) {
        of_others.insert(get16(out(in), 20));
    }
    EXPECT_EQ(of_others.size(), std::size(others));
    // All fragments of a datagram go one way.
    const auto fragment = [](uint32_t offset, bool more) {
        return packet().ethernet().ip4().fragment(offset, more).udp(5, 6).payload(24).bytes();
    };
    EXPECT_EQ(get16(out(fragment(0, true)), 20), get16(out(fragment(32, false)), 20));
}

TEST_F(NodesTest, CarriesCongestionBothWays) {
    const auto in = [](Ecn ecn) {
        return packet().ethernet().ip4().ecn(ecn).dscp(10).ttl(9).udp().payload(20).bytes();
    };
    join(add4);
    const Bytes plain = out(in(Ecn::congested));
    EXPECT_EQ(uint8_t(plain[1]), 3);
    EXPECT_EQ(uint8_t(plain[8]), 64);
    EXPECT_EQ(get16(plain, 6), 0x4000);
    part();
    join(std::string(add4) + " ttl inherit dscp inherit dont-fragment inherit");
    const Bytes copied = out(in(Ecn::capable_0));
    EXPECT_EQ(uint8_t(copied[1]), 10 << 2 | 2);
    EXPECT_EQ(uint8_t(copied[8]), 9);
    EXPECT_EQ(get16(copied, 6), 0);
    // RFC 6040 4.2.
    struct Row {
        Ecn outer, inner, out;
    };
    for (const Row& row : {Row{Ecn::congested, Ecn::capable_0, Ecn::congested},
                           Row{Ecn::capable_1, Ecn::capable_0, Ecn::capable_1},
                           Row{Ecn::not_capable, Ecn::capable_0, Ecn::capable_0}}) {
        const auto received = packet()
                                  .ethernet(gateway_mac, wan_mac)
                                  .ip4("198.51.100.7", "10.0.2.1")
                                  .ecn(row.outer)
                                  .udp(1, 4789)
                                  .payload(with_header(in(row.inner)))
                                  .bytes();
        const auto sent = send(wan, received);
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent[0].bytes, in(row.out));
    }
    EXPECT_EQ(why(packet()
                      .ethernet(gateway_mac, wan_mac)
                      .ip4("198.51.100.7", "10.0.2.1")
                      .ecn(Ecn::congested)
                      .udp(1, 4789)
                      .payload(with_header(in(Ecn::not_capable)))
                      .bytes()),
              "vxlan4-decap/congestion");
}

TEST_F(NodesTest, WritesTheChecksumThatIsAskedFor) {
    join(std::string(add4) + " checksum on");
    const Bytes four = out(frame());
    EXPECT_EQ(four, packet()
                        .ip4("10.0.2.1", "198.51.100.7")
                        .dont_fragment()
                        .udp(get16(four, 20), 4789)
                        .payload(with_header(frame()))
                        .bytes());
    part();
    join(add6);
    const Bytes six = out(frame());
    EXPECT_EQ(six, packet()
                       .ip6("2001:db8:2::1", "2001:db8:7::7")
                       .udp(get16(six, 40), 4789)
                       .payload(with_header(frame()))
                       .bytes());
}

TEST_F(NodesTest, DropsByName) {
    join(add4);
    set_up({"add vxlan tunnel six vni 123 local 2001:db8:2::1 remote 2001:db8:7::7"});
    EXPECT_EQ(why(from_peer4().payload(with_header(frame(), "0800000000007c00")).bytes()),
              "vxlan4-decap/unknown-vni");
    EXPECT_EQ(why(from_peer4().payload(with_header(frame(), "0000000000007b00")).bytes()),
              "vxlan4-decap/no-vni");
    EXPECT_EQ(why(from_peer4().bad_checksum().payload(with_header(frame())).bytes()),
              "vxlan4-decap/bad-checksum");
    EXPECT_EQ(why(from_peer4().payload(from_hex("08000000007b")).bytes()),
              "vxlan4-decap/truncated");
    EXPECT_EQ(why(from_peer4().payload(with_header(Bytes(13))).bytes()), "vxlan4-decap/truncated");
    // The datagram ends before the frame does, whatever is behind it.
    EXPECT_EQ(why(from_peer4().length(20).checksum(0).payload(with_header(frame())).bytes()),
              "vxlan4-decap/truncated");
    EXPECT_EQ(why(from_peer6().payload(with_header(frame(), "0800000000007c00")).bytes()),
              "vxlan6-decap/unknown-vni");
    EXPECT_EQ(why(from_peer6().payload(with_header(frame())).bytes()), "vxlan6-decap/tunnel-down");
    // Another port, and another peer.
    EXPECT_EQ(why(packet()
                      .ethernet(gateway_mac, wan_mac)
                      .ip4("198.51.100.8", "10.0.2.1")
                      .udp(1, 4789)
                      .payload(with_header(frame()))
                      .bytes()),
              "vxlan4-decap/unknown-vni");
    // Reserved bits are not looked at (RFC 7348 5).
    EXPECT_EQ(
        send(wan, from_peer4().payload(with_header(frame(), "f8ffffff00007bff")).bytes()).size(),
        1U);
}

TEST_F(NodesTest, HasPortsOfItsOwn) {
    join(std::string(add4) + " port 8472");
    set_up({"add vxlan tunnel usual vni 123 local 10.0.2.1 remote 198.51.100.7",
            "add vxlan tunnel second vni 124 local 10.0.2.1 remote 198.51.100.7 port 8472"});
    EXPECT_EQ(get16(out(frame()), 22), 8472);
    const auto received = from_peer4(8472).payload(with_header(frame())).bytes();
    EXPECT_EQ(send(wan, received).size(), 1U);
    EXPECT_EQ(why(from_peer4().payload(with_header(frame())).bytes()), "vxlan4-decap/tunnel-down");
    part();
    EXPECT_EQ(why(received), "vxlan4-decap/unknown-vni");
    set_up({"delete interface second"});
    // Nobody has the port any more, and the sender is told.
    const auto told = send(wan, received);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(uint8_t(told[0].bytes.at(14 + 20)), 3);
    EXPECT_THAT(drops(), ElementsAre(Pair("ip4-deliver/no-port", 1)));
}

TEST_F(NodesTest, FramesDoNotGoRoundInTunnels) {
    // Each is the other's end, and a bridge joins them.
    set_up({"add bridge br", "add vxlan tunnel a vni 5 local 10.0.2.1 remote 10.0.2.9",
            "add vxlan tunnel b vni 5 local 10.0.2.9 remote 10.0.2.1", "add bridge-port br a",
            "add bridge-port br b", "add bridge-port br lan", "set interface a state up",
            "set interface b state up"});
    EXPECT_LE(send(lan, frame()).size(), 64U);
    const auto all = drops();
    uint64_t nested = 0;
    for (const auto& [name, count] : all) {
        nested += name.ends_with("/nesting") ? count : 0;
    }
    EXPECT_NE(nested, 0U) << ::testing::PrintToString(all);
}

TEST_F(NodesTest, DropsWhatWouldLeadIntoItself) {
    join(add4);
    set_up({"add address t 172.16.0.1/24", "add neighbor t 172.16.0.2 02:00:00:00:07:01",
            "add route 198.51.100.7/32 via 172.16.0.2"});
    drops();
    EXPECT_THAT(send(lan, frame()), IsEmpty());
    EXPECT_THAT(drops(), ElementsAre(Pair("vxlan-encap/tunnel-loop", 1)));
    set_up({"delete route 198.51.100.7/32"});
    EXPECT_EQ(send(lan, frame()).size(), 1U);
}

}  // namespace
}  // namespace vxlan
