// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/translation.hpp"

#include <gtest/gtest.h>

#include "plugins/nat44/rewrite_samples.hpp"
#include "vnet/wire/testing/hex.hpp"

namespace nat44 {
namespace {

using namespace samples;
using vnet::wire::testing::from_text;
using vnet::wire::testing::hex_dump;

const Tuple inside = tuple("192.168.1.10", 40000, "198.51.100.7", 443);
const Tuple outside = tuple("203.0.113.5", 1024, "192.0.2.200", 65535);

template <Side side>
void expect_translated(const Sample& sample, const Tuple& expected) {
    const Bytes payload = from_text("some more that follows");
    Bytes bytes = sample.make(inside, payload);
    const auto [ip, l4] = parts(bytes);
    EXPECT_TRUE(translate<side>(ip, l4, outside));
    const Bytes wanted = sample.make(expected, payload);
    EXPECT_EQ(bytes, wanted) << hex_dump(bytes) << "wanted\n" << hex_dump(wanted);
}

TEST(Translation, SetsOneSideOrBoth) {
    for (const Sample& sample : samples::samples()) {
        SCOPED_TRACE(sample.what);
        expect_translated<Side::source>(sample, {outside.source, inside.destination});
        expect_translated<Side::destination>(sample, {inside.source, outside.destination});
        expect_translated<Side::both>(sample, outside);
    }
}

TEST(Translation, RefusesWhatIsCutAndLeavesIt) {
    for (const Sample& sample : samples::samples()) {
        const Bytes before = sample.make(inside, Bytes(20));
        const Bytes after = sample.make(outside, Bytes(20));
        const size_t header = vnet::wire::view<Ip4Header>(before)->header_length();
        for (size_t length = 0; length <= before.size() - header; ++length) {
            SCOPED_TRACE(sample.what + " of " + std::to_string(length));
            Bytes bytes = before;
            const auto [ip, l4] = parts(bytes);
            EXPECT_EQ(translate<Side::both>(ip, l4.first(length), outside), length >= sample.least);
            EXPECT_EQ(bytes, length >= sample.least ? after : before);
        }
    }
}

TEST(Translation, LeavesMessagesOfIcmpThatAreNoQueries) {
    const auto make = [](const Tuple& t) {
        return packet()
            .ip4(t.source.address, t.destination.address)
            .icmp_time_exceeded()
            .payload(28)
            .bytes();
    };
    Bytes bytes = make(inside);
    const auto [ip, l4] = parts(bytes);
    EXPECT_TRUE(translate<Side::both>(ip, l4, outside));
    EXPECT_EQ(bytes, make(outside));
}

TEST(Translation, WrongChecksumsStayWrong) {
    for (const bool tcp : {false, true}) {
        for (const uint16_t wrong : {0x0001, 0x1234, 0x7fff, 0xfffe}) {
            const auto make = [&](const Tuple& t) {
                auto maker = packet().ip4(t.source.address, t.destination.address);
                tcp ? maker.tcp() : maker.udp();
                return maker.bytes();
            };
            Bytes bytes = make(inside);
            const auto [ip, l4] = parts(bytes);
            auto* checksum = vnet::wire::view<Be16>(l4.subspan(tcp ? 16 : 6));
            const Be16 right = *checksum;
            *checksum = Be16(wrong);
            ASSERT_NE(right, Be16(wrong));
            ip.checksum = Be16(uint16_t(ip.checksum.value() ^ 0x0100));
            const Bytes before = bytes;
            EXPECT_TRUE(translate<Side::both>(ip, l4, outside));
            EXPECT_FALSE(vnet::wire::ip4_header_checksum_ok(ip));
            EXPECT_FALSE(vnet::wire::l4_checksum_ok(ip.source, ip.destination, ip.protocol(), l4));
            EXPECT_TRUE(translate<Side::both>(
                ip, l4,
                {{inside.source.address, Be16(1000)}, {inside.destination.address, Be16(2000)}}));
            EXPECT_EQ(bytes, before);
        }
    }
}

/// A payload of two bytes with which the checksum of a packet with this tuple is zero.
Bytes zeroing(const Sample& sample, const Tuple& tuple) {
    Bytes made = sample.make(tuple, Bytes(2));
    const auto [ip, l4] = parts(made);
    const size_t at = ip.protocol() == IpProtocol::tcp ? 16 : 6;
    return Bytes(l4.begin() + long(at), l4.begin() + long(at) + 2);
}

TEST(Translation, UdpChecksumThatBecomesZeroIsWrittenAsOnesAndThatOfTcpIsNot) {
    for (const Sample& sample : samples::samples()) {
        if (sample.what != "TCP" && sample.what != "UDP") {
            continue;
        }
        SCOPED_TRACE(sample.what);
        const Be16 zero = sample.what == "UDP" ? Be16(0xffff) : Be16();
        const Bytes payload = zeroing(sample, outside);
        Bytes bytes = sample.make(inside, payload);
        const auto [ip, l4] = parts(bytes);
        EXPECT_TRUE(translate<Side::both>(ip, l4, outside));
        EXPECT_EQ(*vnet::wire::view<Be16>(l4.subspan(sample.least - 2)), zero);
        EXPECT_EQ(bytes, sample.make(outside, payload));
        EXPECT_TRUE(translate<Side::both>(ip, l4, inside));
        EXPECT_EQ(bytes, sample.make(inside, payload));
    }
}

TEST(Translation, EchoReplyOfZerosHasAChecksumOfOnes) {
    const auto make = [](const Tuple& t) {
        return packet()
            .ip4(t.source.address, t.destination.address)
            .icmp_echo_reply(t.destination.port.value(), 0)
            .payload(Bytes(9))
            .bytes();
    };
    const Tuple zero = tuple("203.0.113.5", 0, "192.0.2.200", 0);
    Bytes bytes = make(inside);
    const auto [ip, l4] = parts(bytes);
    EXPECT_TRUE(translate<Side::both>(ip, l4, zero));
    EXPECT_EQ(bytes, make(zero));
    EXPECT_TRUE(vnet::wire::InternetSum().add(l4).is_valid());
    EXPECT_TRUE(translate<Side::both>(ip, l4, inside));
    EXPECT_EQ(bytes, make(inside));
}

TEST(Tuple, IsReadFromPackets) {
    for (const Sample& sample : samples::samples()) {
        SCOPED_TRACE(sample.what);
        Bytes bytes = sample.make(inside, Bytes(20));
        const auto [ip, l4] = parts(bytes);
        Tuple expected = inside;
        const bool request = sample.what.find("request") != std::string::npos;
        const bool reply = sample.what.find("reply") != std::string::npos;
        if (sample.least == 0 || reply) {
            expected.source.port = Be16();
        }
        if (sample.least == 0 || request) {
            expected.destination.port = Be16();
        }
        const auto read = read_tuple(ip, l4);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(*read, expected);
        EXPECT_EQ(read->reversed().reversed(), expected);
        const size_t least = sample.least == 0 ? 0 : ip.protocol() == IpProtocol::icmp ? 8 : 4;
        for (size_t length = 0; length < 10; ++length) {
            EXPECT_EQ(read_tuple(ip, l4.first(length)).has_value(), length >= least);
        }
    }
}

TEST(Tuple, OfAReplyIsThatOfItsRequestReversed) {
    Bytes request = packet().ip4("10.0.0.1", "10.0.0.2").icmp_echo_request(77, 1).bytes();
    Bytes reply = packet().ip4("10.0.0.2", "10.0.0.1").icmp_echo_reply(77, 1).bytes();
    EXPECT_EQ(read_tuple(parts(reply).ip, parts(reply).l4),
              read_tuple(parts(request).ip, parts(request).l4)->reversed());
}

}  // namespace
}  // namespace nat44
