// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/mss_option.hpp"

#include <gtest/gtest.h>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace mss_clamp {
namespace {

using vnet::wire::IpProtocol;
using vnet::wire::TcpFlags;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::ip;
using vnet::wire::testing::packet;

/// A TCP segment with these options, its checksum right.
Bytes segment(const char* options, TcpFlags flags = TcpFlags::syn) {
    const Bytes whole =
        packet().ip4().tcp(1000, 80, flags).options(from_hex(options)).payload(5).bytes();
    return Bytes(whole.begin() + 20, whole.end());
}

bool checksum_ok(const Bytes& bytes) {
    return vnet::wire::l4_checksum_ok(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::tcp, bytes);
}

struct Case {
    const char* what;
    const char* before;
    const char* after;
    Outcome outcome;
};

TEST(MssOption, IsClamped) {
    const Case cases[] = {
        {"alone", "02 04 05 b4", "02 04 05 00", Outcome::clamped},
        {"as much", "02 04 05 00", "02 04 05 00", Outcome::unchanged},
        {"less", "02 04 02 18", "02 04 02 18", Outcome::unchanged},
        {"the most", "02 04 ff ff", "02 04 05 00", Outcome::clamped},
        {"as Linux sends it", "02 04 05 b4 04 02 08 0a 11 22 33 44 00 00 00 00 01 03 03 07",
         "02 04 05 00 04 02 08 0a 11 22 33 44 00 00 00 00 01 03 03 07", Outcome::clamped},
        {"at an odd offset", "01 02 04 05 b4 00 00 00", "01 02 04 05 00 00 00 00",
         Outcome::clamped},
        {"at an odd offset behind others", "01 01 01 02 04 05 b4 00", "01 01 01 02 04 05 00 00",
         Outcome::clamped},
        {"twice", "02 04 05 b4 02 04 05 b5", "02 04 05 00 02 04 05 00", Outcome::clamped},
        {"none", "01 03 03 07", "01 03 03 07", Outcome::unchanged},
        {"behind the end", "00 00 00 00 02 04 05 b4", "00 00 00 00 02 04 05 b4",
         Outcome::unchanged},
        {"of an option that nobody knows", "fd 06 01 02 03 04 02 04 05 b4 01 01",
         "fd 06 01 02 03 04 02 04 05 00 01 01", Outcome::clamped},
        {"no options", "", "", Outcome::unchanged},
    };
    for (const Case& test : cases) {
        SCOPED_TRACE(test.what);
        Bytes bytes = segment(test.before);
        EXPECT_EQ(clamp(bytes, 1280), test.outcome);
        EXPECT_EQ(bytes, segment(test.after));
        EXPECT_TRUE(checksum_ok(bytes));
    }
}

TEST(MssOption, WhatIsMalformedIsLeftAlone) {
    for (const char* options : {"02 03 05 00", "02 05 05 b4 01 01 01 01", "02 04 05 b4 05 00 01 01",
                                "02 04 05 b4 08 01 01 01", "02 04 05 b4 08 0a 01 01", "01 01 01 02",
                                "01 01 02 04", "01 01 01 03"}) {
        SCOPED_TRACE(options);
        const Bytes before = segment(options);
        Bytes bytes = before;
        EXPECT_EQ(clamp(bytes, 1280), Outcome::malformed);
        EXPECT_EQ(bytes, before);
    }
    // A data offset under the header, or beyond what is there.
    for (const uint8_t words : {0, 4, 7, 15}) {
        Bytes bytes = segment("02 04 05 b4");
        bytes.resize(24);
        bytes[12] = std::byte(words << 4);
        const Bytes before = bytes;
        EXPECT_EQ(clamp(bytes, 1280), Outcome::malformed);
        EXPECT_EQ(bytes, before);
    }
}

TEST(MssOption, OnlyOfASyn) {
    for (const TcpFlags flags :
         {TcpFlags::ack, TcpFlags::none, TcpFlags::fin | TcpFlags::ack, TcpFlags::rst}) {
        Bytes bytes = segment("02 04 05 b4", flags);
        EXPECT_EQ(clamp(bytes, 1280), Outcome::unchanged);
        EXPECT_EQ(bytes, segment("02 04 05 b4", flags));
    }
    Bytes answer = segment("02 04 05 b4", TcpFlags::syn | TcpFlags::ack);
    EXPECT_EQ(clamp(answer, 1280), Outcome::clamped);
    EXPECT_TRUE(checksum_ok(answer));
    Bytes shorter(19);
    EXPECT_EQ(clamp(shorter, 1280), Outcome::unchanged);
}

TEST(MssOption, AWrongChecksumStaysAsWrong) {
    Bytes bytes = segment("01 02 04 05 b4 00 00 00");
    bytes[16] ^= std::byte(0x55);
    EXPECT_EQ(clamp(bytes, 1280), Outcome::clamped);
    EXPECT_FALSE(checksum_ok(bytes));
}

TEST(MssOption, AnyValueAtAnyOffsetKeepsTheChecksumRight) {
    for (const char* options : {"02 04 ff fe", "01 02 04 ff fe 00 00 00"}) {
        for (uint32_t most = 88; most < 0xfffe; most += 97) {
            Bytes bytes = segment(options);
            ASSERT_EQ(clamp(bytes, uint16_t(most)), Outcome::clamped);
            ASSERT_TRUE(checksum_ok(bytes)) << most;
        }
    }
}

}  // namespace
}  // namespace mss_clamp
