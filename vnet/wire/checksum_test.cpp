// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/checksum.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "vnet/wire/testing/packets.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::wire {
namespace {

using testing::Bytes;
using testing::from_hex;
using testing::packet;

/// RFC 1071 as written: 16-bit words, high byte first, the carry folded in.
std::uint16_t naive_checksum(std::span<const std::byte> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

Bytes random_bytes(std::size_t size, std::mt19937& random) {
    Bytes bytes(size);
    for (auto& byte : bytes) {
        byte = static_cast<std::byte>(random());
    }
    return bytes;
}

constexpr std::array<std::byte, 8> rfc_1071_example = {
    std::byte{0x00}, std::byte{0x01}, std::byte{0xf2}, std::byte{0x03},
    std::byte{0xf4}, std::byte{0xf5}, std::byte{0xf6}, std::byte{0xf7}};
static_assert(internet_checksum(rfc_1071_example) == Be16(0x220d), "RFC 1071 3");

TEST(Checksum, EveryLengthAndAlignment) {
    std::mt19937 random(1);
    const Bytes bytes = random_bytes(1600 + 16, random);
    const Bytes ones(1600 + 16, std::byte{0xff});
    for (std::size_t length = 0; length <= 1600; ++length) {
        for (std::size_t offset = 0; offset < 16; ++offset) {
            const auto part = std::span(bytes).subspan(offset, length);
            ASSERT_EQ(internet_checksum(part).value(), naive_checksum(part))
                << length << " bytes at " << offset;
            const auto full = std::span(ones).subspan(offset, length);
            ASSERT_EQ(internet_checksum(full).value(), naive_checksum(full))
                << length << " ones at " << offset;
        }
    }
}

TEST(Checksum, LongestPacket) {
    std::mt19937 random(2);
    const Bytes bytes = random_bytes(65535, random);
    EXPECT_EQ(internet_checksum(bytes).value(), naive_checksum(bytes));
    const Bytes ones(65535, std::byte{0xff});
    EXPECT_EQ(internet_checksum(ones).value(), naive_checksum(ones));
}

TEST(Checksum, PiecesOfAnyLengthAreOnePacket) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        const Bytes bytes = random_bytes(random() % 200, random);
        InternetSum sum;
        for (std::span<const std::byte> left(bytes); !left.empty();) {
            const std::size_t piece = 1 + random() % left.size();
            sum.add(left.first(piece));
            left = left.subspan(piece);
        }
        ASSERT_EQ(sum.checksum().value(), naive_checksum(bytes));
    }
}

TEST(Checksum, WordsBehindAnOddPiece) {
    const auto odd = from_hex("01");
    const auto whole = from_hex("01 0203 04050607 0a000001");
    EXPECT_EQ(InternetSum()
                  .add(odd)
                  .add(Be16(0x0203))
                  .add(Be32(0x04050607))
                  .add(Ip4Address(10, 0, 0, 1))
                  .checksum()
                  .value(),
              naive_checksum(whole));
}

TEST(Checksum, StoredItMakesTheWholeValid) {
    std::mt19937 random(4);
    for (std::size_t length = 2; length < 300; ++length) {
        Bytes bytes = random_bytes(length, random);
        auto* field = view<Be16>(bytes);
        *field = Be16();
        *field = internet_checksum(bytes);
        ASSERT_TRUE(InternetSum().add(bytes).is_valid());
        bytes[length / 2] ^= std::byte{0x10};
        ASSERT_FALSE(InternetSum().add(bytes).is_valid());
    }
}

TEST(Checksum, PseudoHeader) {
    const auto pseudo = from_hex("0a000001 c0a80102 00 11 000c");
    EXPECT_EQ(
        ip4_pseudo_header(Ip4Address(10, 0, 0, 1), Ip4Address(192, 168, 1, 2), IpProtocol::udp, 12)
            .checksum()
            .value(),
        naive_checksum(pseudo));
}

TEST(Checksum, UdpNeverSendsZero) {
    const Ip4Address a(10, 0, 0, 1);
    const Ip4Address b(10, 0, 0, 2);
    Bytes datagram = from_hex("0001 0002 000a 0000 0000");
    // The data word is chosen so that everything sums to 0xffff: the checksum would be zero.
    *view<Be16>(std::span(datagram).subspan(8)) = l4_checksum(a, b, IpProtocol::udp, datagram);
    EXPECT_EQ(l4_checksum(a, b, IpProtocol::udp, datagram).value(), 0xffff);
    EXPECT_EQ(l4_checksum(a, b, IpProtocol::tcp, datagram).value(),
              static_cast<std::uint16_t>(0xffff - (6 - 17 + 0xffff) % 0xffff));
    view<UdpHeader>(datagram)->checksum = Be16(0xffff);
    EXPECT_TRUE(l4_checksum_ok(a, b, IpProtocol::udp, datagram));
}

TEST(Checksum, PlainHeader) {
    std::mt19937 random(5);
    for (int round = 0; round < 20000; ++round) {
        Bytes bytes = random_bytes(20, random);
        auto* header = view<Ip4Header>(bytes);
        const Be16 expected = ip4_header_checksum(*header);
        header->checksum = Be16();
        ASSERT_EQ(expected.value(), naive_checksum(bytes));
        header->checksum = expected;
        ASSERT_TRUE(ip4_header_checksum_ok(*header));
        bytes[random() % 20] ^= static_cast<std::byte>(1U << random() % 8);
        ASSERT_FALSE(ip4_header_checksum_ok(*header));
    }
}

TEST(Checksum, PlainHeaderIsAConstant) {
    constexpr auto checksum = [] {
        Ip4Header header;
        header.total_length = Be16(20);
        header.ttl = 64;
        header.source = Ip4Address(10, 0, 0, 1);
        header.destination = Ip4Address(10, 0, 0, 2);
        return ip4_header_checksum(header);
    }();
    static_assert(checksum == Be16(0x66e8));
    const auto bytes = packet().ip4("10.0.0.1", "10.0.0.2").protocol(IpProtocol{0}).bytes();
    EXPECT_EQ(view<Ip4Header>(bytes)->checksum, checksum);
}

TEST(Checksum, HeaderWithOptions) {
    auto bytes = packet().ip4().options(from_hex("94 04 00 01")).payload(9).bytes();
    EXPECT_TRUE(ip4_header_checksum_ok(std::span<const std::byte>(bytes)));
    bytes[23] ^= std::byte{1};
    EXPECT_FALSE(ip4_header_checksum_ok(std::span<const std::byte>(bytes)));
    const auto claims_more = packet().ip4().header_words(6).bytes();
    EXPECT_FALSE(ip4_header_checksum_ok(std::span<const std::byte>(claims_more)));
    const auto claims_less = packet().ip4().header_words(4).bytes();
    EXPECT_FALSE(ip4_header_checksum_ok(std::span<const std::byte>(claims_less)));
    EXPECT_FALSE(ip4_header_checksum_ok(std::span<const std::byte>()));
}

// RFC 1624 4: with equation 2 of RFC 1141 this one came out as 0xffff.
static_assert(update_checksum(Be16(0xdd2f), Be16(0x5555), Be16(0x3285)) == Be16(0x0000));

TEST(UpdateChecksum, IsWhatTheWholeSumGives) {
    std::mt19937 random(6);
    for (int round = 0; round < 50000; ++round) {
        Bytes bytes = random_bytes(20, random);
        auto* header = view<Ip4Header>(bytes);
        header->version_ihl = 0x45;
        header->checksum = ip4_header_checksum(*header);

        const Be16 old_identification = header->identification;
        header->identification = Be16(static_cast<std::uint16_t>(random() % 4 ? random() : 0));
        header->checksum =
            update_checksum(header->checksum, old_identification, header->identification);
        ASSERT_EQ(header->checksum, ip4_header_checksum(*header));

        const Ip4Address old_source = header->source;
        header->source = Ip4Address(static_cast<std::uint32_t>(random() % 4 ? random() : 0));
        header->checksum = update_checksum(header->checksum, old_source, header->source);
        ASSERT_EQ(header->checksum, ip4_header_checksum(*header));
    }
}

TEST(UpdateChecksum, CornersOfZeroAndOnes) {
    const std::uint16_t corners[] = {0,      1,      0x00ff, 0x0100, 0x7fff,
                                     0x8000, 0xfeff, 0xff00, 0xfffe, 0xffff};
    for (const std::uint16_t other : corners) {
        for (const std::uint16_t before : corners) {
            for (const std::uint16_t after : corners) {
                // A non-zero third word, as any IPv4 header has: all-zero data has two checksums.
                Bytes bytes = from_hex("4500 0000 0000 0000");
                const auto words = std::span(bytes);
                *view<Be16>(words.subspan(2)) = Be16(other);
                *view<Be16>(words.subspan(4)) = Be16(before);
                const Be16 checksum = internet_checksum(bytes);
                *view<Be16>(words.subspan(4)) = Be16(after);
                ASSERT_EQ(update_checksum(checksum, Be16(before), Be16(after)),
                          internet_checksum(bytes))
                    << other << ' ' << before << ' ' << after;
            }
        }
    }
}

TEST(UpdateChecksum, Udp) {
    EXPECT_EQ(update_udp_checksum(Be16(), Be16(1), Be16(2)), Be16()) << "none stays none";
    // The plain update gives zero here, which in UDP would say that there is none.
    EXPECT_EQ(update_udp_checksum(Be16(0xdd2f), Be16(0x5555), Be16(0x3285)), Be16(0xffff));
    auto old_packet = packet().ip4("10.0.0.1", "10.0.0.2").udp(1, 2).payload(11).bytes();
    const auto new_packet = packet().ip4("192.0.2.9", "10.0.0.2").udp(77, 2).payload(11).bytes();
    const auto udp_of = [](auto& bytes) { return view<UdpHeader>(std::span(bytes).subspan(20)); };
    Be16 checksum = udp_of(old_packet)->checksum;
    checksum = update_udp_checksum(checksum, Ip4Address(10, 0, 0, 1), Ip4Address(192, 0, 2, 9));
    checksum = update_udp_checksum(checksum, Be16(1), Be16(77));
    EXPECT_EQ(checksum, udp_of(new_packet)->checksum);
}

TEST(DecrementTtl, EveryTtlAndChecksum) {
    for (std::uint32_t identification = 0; identification <= 0xffff; ++identification) {
        Ip4Header header;
        header.identification = Be16(static_cast<std::uint16_t>(identification));
        header.ttl = static_cast<std::uint8_t>(2 + identification % 254);
        header.protocol_number = 17;
        header.checksum = ip4_header_checksum(header);
        const std::uint8_t ttl = header.ttl;
        ASSERT_TRUE(decrement_ttl(header));
        ASSERT_EQ(header.ttl, ttl - 1);
        ASSERT_EQ(header.checksum, ip4_header_checksum(header)) << identification;
    }
}

TEST(DecrementTtl, KeepsAWrongChecksumWrong) {
    Ip4Header header;
    header.ttl = 9;
    header.checksum = Be16(static_cast<std::uint16_t>(ip4_header_checksum(header).value() ^ 0x100));
    ASSERT_TRUE(decrement_ttl(header));
    EXPECT_FALSE(ip4_header_checksum_ok(header));
}

TEST(DecrementTtl, AcceptsTheOtherZero) {
    // 0xffff is a legal way to send a checksum of zero; equation 3 turns it into 0x0100.
    Ip4Header header;
    header.ttl = 9;
    header.identification = ip4_header_checksum(header);
    ASSERT_EQ(ip4_header_checksum(header), Be16(0));
    header.checksum = Be16(0xffff);
    ASSERT_TRUE(ip4_header_checksum_ok(header));
    ASSERT_TRUE(decrement_ttl(header));
    EXPECT_EQ(header.checksum, Be16(0x0100));
    EXPECT_TRUE(ip4_header_checksum_ok(header));
}

TEST(DecrementTtl, RefusesTheLastHop) {
    for (const int ttl : {0, 1}) {
        Ip4Header header;
        header.ttl = static_cast<std::uint8_t>(ttl);
        header.checksum = Be16(0x1234);
        EXPECT_FALSE(decrement_ttl(header));
        EXPECT_EQ(header.ttl, ttl);
        EXPECT_EQ(header.checksum, Be16(0x1234));
    }
}

}  // namespace
}  // namespace vnet::wire
