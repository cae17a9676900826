// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ip4_header.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/testing/packets.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::packet;

TEST(Ip4Header, Fields) {
    const auto bytes = from_hex("46 ba 0054 1234 60b9 40 11 abcd c0000201 c6336401 01010100");
    const auto* header = view<Ip4Header>(bytes);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->version(), 4);
    EXPECT_EQ(header->header_length(), 24U);
    EXPECT_FALSE(header->is_plain());
    EXPECT_EQ(header->dscp(), 46);
    EXPECT_EQ(header->ecn(), Ecn::capable_0);
    EXPECT_EQ(header->total_length.value(), 84);
    EXPECT_EQ(header->identification.value(), 0x1234);
    EXPECT_TRUE(header->dont_fragment());
    EXPECT_TRUE(header->more_fragments());
    EXPECT_EQ(header->fragment_offset(), 0xb9U * 8);
    EXPECT_TRUE(header->is_fragment());
    EXPECT_FALSE(header->has_l4_header());
    EXPECT_EQ(header->ttl, 64);
    EXPECT_EQ(header->protocol(), IpProtocol::udp);
    EXPECT_EQ(header->checksum.value(), 0xabcd);
    EXPECT_EQ(header->source, testing::ip("192.0.2.1"));
    EXPECT_EQ(header->destination, testing::ip("198.51.100.1"));
}

TEST(Ip4Header, SettersTouchOnlyTheirField) {
    Ip4Header header;
    header.dscp_ecn = 0xff;
    header.set_dscp(0);
    EXPECT_EQ(header.dscp_ecn, 3);
    header.set_ecn(Ecn::capable_1);
    header.set_dscp(0xff);
    EXPECT_EQ(header.dscp_ecn, 0xfd);
    header.flags_offset = Be16(Ip4Header::dont_fragment_flag);
    header.set_fragment(1480, true);
    EXPECT_TRUE(header.dont_fragment());
    EXPECT_TRUE(header.more_fragments());
    EXPECT_EQ(header.fragment_offset(), 1480U);
    header.set_fragment(0, false);
    EXPECT_FALSE(header.is_fragment());
}

TEST(Ip4Header, FirstAndLastPieceAreFragments) {
    Ip4Header header;
    header.set_fragment(0, true);
    EXPECT_TRUE(header.is_fragment() && header.has_l4_header());
    header.set_fragment(8, false);
    EXPECT_TRUE(header.is_fragment());
    EXPECT_FALSE(header.has_l4_header());
}

TEST(Ip4Header, EveryFault) {
    const auto plain = [] { return packet().ip4(); };
    const Bytes eight(8);
    const struct {
        const char* what;
        Bytes bytes;
        Ip4Fault fault;
    } cases[] = {
        {"good", plain().payload(8).bytes(), Ip4Fault::none},
        {"no payload", plain().bytes(), Ip4Fault::none},
        {"padded", plain().payload(8).pad_to(46).bytes(), Ip4Fault::none},
        {"options", plain().options(eight).payload(8).bytes(), Ip4Fault::none},
        {"empty", {}, Ip4Fault::truncated},
        {"one byte short", plain().truncate(19).bytes(), Ip4Fault::truncated},
        {"version 6", plain().version(6).bytes(), Ip4Fault::version},
        {"version 0", plain().version(0).bytes(), Ip4Fault::version},
        {"header of 16", plain().header_words(4).bytes(), Ip4Fault::header_length},
        {"header of 0", plain().header_words(0).bytes(), Ip4Fault::header_length},
        {"header beyond the bytes", plain().header_words(6).bytes(), Ip4Fault::header_length},
        {"length under the header", plain().options(eight).length(27).bytes(),
         Ip4Fault::total_length},
        {"length beyond the bytes", plain().length(29).payload(8).bytes(), Ip4Fault::total_length},
        {"cut", plain().payload(8).truncate(27).bytes(), Ip4Fault::total_length},
        {"last legal fragment", plain().fragment(65488, false).payload(27).bytes(), Ip4Fault::none},
        {"fragment beyond 65535", plain().fragment(65488, false).payload(28).bytes(),
         Ip4Fault::fragment_overrun},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(check_ip4(c.bytes), c.fault) << c.what << ": " << name(check_ip4(c.bytes));
    }
}

TEST(IpProtocol, HasAWordOrNone) {
    EXPECT_EQ(name(IpProtocol::tcp), "tcp");
    EXPECT_EQ(name(static_cast<IpProtocol>(200)), "");
}

}  // namespace
}  // namespace vnet::wire
