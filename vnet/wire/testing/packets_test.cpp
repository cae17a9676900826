// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/testing/packets.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::wire::testing {
namespace {

TEST(Hex, BothWays) {
    const Bytes bytes = from_hex("45 00\n0a0B  # a comment\n ff");
    EXPECT_EQ(to_hex(bytes), "45 00 0a 0b ff");
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(from_hex("").size(), 0U);
    EXPECT_EQ(from_hex("# only a comment").size(), 0U);
    EXPECT_EQ(hex_dump(Bytes(17)),
              "0000  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n0010  00\n");
    EXPECT_EQ(to_hex(from_text("AB")), "41 42");
}

TEST(Hex, RefusesWhatIsNotHex) {
    EXPECT_THROW((void)from_hex("4"), std::invalid_argument);
    EXPECT_THROW((void)from_hex("4 5"), std::invalid_argument);
    EXPECT_THROW((void)from_hex("xy"), std::invalid_argument);
}

TEST(PacketMaker, BytesOfAPing) {
    // The checksums were worked out by hand.
    EXPECT_EQ(to_hex(packet()
                         .ethernet()
                         .ip4("10.0.0.1", "10.0.0.2")
                         .icmp_echo_request(1, 2)
                         .payload("ab")
                         .bytes()),
              "02 00 00 00 00 02 02 00 00 00 00 01 08 00 "
              "45 00 00 1e 00 00 00 00 40 01 66 dd 0a 00 00 01 0a 00 00 02 "
              "08 00 96 9a 00 01 00 02 61 62");
}

TEST(PacketMaker, ChecksumsAreRight) {
    for (std::size_t size = 0; size < 40; ++size) {
        const Bytes udp = packet().ip4().udp().payload(size).bytes();
        EXPECT_TRUE(ip4_header_checksum_ok(*view<Ip4Header>(udp)));
        EXPECT_TRUE(l4_checksum_ok(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::udp,
                                   std::span(udp).subspan(20)));
        const Bytes tcp = packet().ip4().tcp().options(from_hex("020405b4")).payload(size).bytes();
        EXPECT_TRUE(l4_checksum_ok(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::tcp,
                                   std::span(tcp).subspan(20)));
        EXPECT_EQ(view<TcpHeader>(std::span(tcp).subspan(20))->data_offset(), 24U);
    }
}

TEST(PacketMaker, CanBeWrong) {
    const Bytes bytes = packet()
                            .ip4()
                            .checksum(0x1234)
                            .length(99)
                            .header_words(9)
                            .udp()
                            .length(3)
                            .checksum(0)
                            .bytes();
    EXPECT_EQ(view<Ip4Header>(bytes)->checksum, Be16(0x1234));
    EXPECT_EQ(view<Ip4Header>(bytes)->total_length, Be16(99));
    EXPECT_EQ(view<Ip4Header>(bytes)->header_length(), 36U);
    EXPECT_EQ(bytes.size(), 28U);
    const auto* udp = view<UdpHeader>(std::span(bytes).subspan(20));
    EXPECT_EQ(udp->length, Be16(3));
    EXPECT_EQ(udp->checksum, Be16(0));
    const Bytes bad = packet().ip4().bad_checksum().bytes();
    EXPECT_FALSE(ip4_header_checksum_ok(*view<Ip4Header>(bad)));
}

TEST(PacketMaker, PokesComeBeforeChecksums) {
    const Bytes bytes = packet().ip4().poke(1, 0xb8).poke(12, 11).udp().bytes();
    EXPECT_EQ(view<Ip4Header>(bytes)->dscp(), 46);
    EXPECT_TRUE(ip4_header_checksum_ok(*view<Ip4Header>(bytes)));
    EXPECT_TRUE(l4_checksum_ok(ip("11.0.0.1"), ip("10.0.0.2"), IpProtocol::udp,
                               std::span(bytes).subspan(20)));
}

TEST(PacketMaker, TypesFollowTheNextLayer) {
    const Bytes bytes = packet().ethernet().qinq().vlan(1).vlan(2).ip4().ip4().bytes();
    EXPECT_EQ(view<EthernetHeader>(bytes)->ether_type(), EtherType::qinq);
    EXPECT_EQ(view<VlanTag>(std::span(bytes).subspan(14))->ether_type(), EtherType::vlan);
    EXPECT_EQ(view<VlanTag>(std::span(bytes).subspan(18))->ether_type(), EtherType::ip4);
    EXPECT_EQ(view<Ip4Header>(std::span(bytes).subspan(22))->protocol(), IpProtocol::ipip);
}

TEST(PacketMaker, PadsAndCuts) {
    EXPECT_EQ(packet().ethernet().ip4().udp().pad_to().bytes().size(), 60U);
    EXPECT_EQ(packet().ethernet().ip4().udp().truncate(15).bytes().size(), 15U);
    const Bytes padded = packet().ethernet().ip4().udp().pad_to().bytes();
    EXPECT_EQ(view<Ip4Header>(std::span(padded).subspan(14))->total_length, Be16(28));
}

TEST(PacketMaker, CopiesAreIndependent) {
    const PacketMaker base = packet().ethernet().ip4();
    PacketMaker other = base;
    other.ttl(3).udp();
    EXPECT_EQ(base.bytes().size(), 34U);
    EXPECT_EQ(other.bytes().size(), 42U);
}

TEST(PacketMaker, RefusesWhatDoesNotSuit) {
    EXPECT_THROW(packet().ttl(3), std::logic_error);
    EXPECT_THROW(packet().ethernet().ttl(3), std::logic_error);
    EXPECT_THROW(packet().ip4().sequence(3), std::logic_error);
    EXPECT_THROW(packet().ip4().poke(20, 0), std::logic_error);
    EXPECT_THROW(packet().udp().options({}), std::logic_error);
    EXPECT_THROW(packet().udp().type(1), std::logic_error);
    EXPECT_THROW(packet().tcp().length(1), std::logic_error);
    EXPECT_THROW((void)ip("300.1.1.1"), std::invalid_argument);
    EXPECT_THROW((void)mac("02:00"), std::invalid_argument);
}

}  // namespace
}  // namespace vnet::wire::testing
