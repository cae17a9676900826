// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/icmp_error.hpp"

#include <gtest/gtest.h>

#include "plugins/nat44/rewrite_samples.hpp"
#include "vnet/wire/testing/hex.hpp"

namespace nat44 {
namespace {

using namespace samples;
using vnet::wire::Icmp4Type;
using vnet::wire::Ip4Address;
using vnet::wire::testing::hex_dump;

// A host sent to 198.51.100.7; on the way it became 203.0.113.5.
const Tuple sent = tuple("192.168.1.10", 40000, "198.51.100.7", 443);
const Tuple translated = tuple("203.0.113.5", 1024, "198.51.100.7", 443);
const Ip4Address router = ip("192.0.2.1");

Bytes error(Ip4Address source, Ip4Address destination, const Bytes& quote) {
    return packet()
        .ip4(source, destination)
        .icmp_unreachable(vnet::wire::Icmp4Unreachable::fragmentation_needed, 1400)
        .payload(quote)
        .bytes();
}

Bytes cut(Bytes bytes, size_t length) {
    bytes.resize(std::min(length, bytes.size()));
    return bytes;
}

Quote read(Bytes bytes) {
    const auto [ip, l4] = parts(bytes);
    return read_quote(ip, l4);
}

void expect_translated(Bytes before, Ip4Address source, const Tuple& quoted, const Bytes& after) {
    const auto [ip, l4] = parts(before);
    EXPECT_TRUE(translate_error(ip, l4, source, quoted));
    EXPECT_EQ(before, after) << hex_dump(before) << "wanted\n" << hex_dump(after);
}

TEST(IcmpError, FromOutsideGoesToTheHostThatSentWhatItQuotes) {
    for (const Sample& sample : samples::samples()) {
        const Bytes quote = sample.make(translated, Bytes(30));
        const Bytes original = sample.make(sent, Bytes(30));
        const size_t header = vnet::wire::view<Ip4Header>(quote)->header_length();
        for (size_t length = 0; length <= quote.size(); ++length) {
            SCOPED_TRACE(sample.what + " of " + std::to_string(length));
            Bytes bytes = error(router, translated.source.address, samples::quoted(quote, length));
            const Bytes wanted =
                error(router, sent.source.address, samples::quoted(original, length));
            const Quote found = read(bytes);
            if (length < header + (sample.least == 0 ? 0 : 8)) {
                EXPECT_EQ(found.fault, QuoteFault::truncated);
                const Bytes before = bytes;
                const auto [ip, l4] = parts(bytes);
                EXPECT_FALSE(translate_error(ip, l4, router, sent));
                EXPECT_EQ(bytes, before);
                continue;
            }
            ASSERT_EQ(found.fault, QuoteFault::none);
            EXPECT_EQ(found.has_ports, sample.least != 0);
            Bytes whole = quote;
            EXPECT_EQ(found.tuple, read_tuple(parts(whole).ip, parts(whole).l4));
            EXPECT_EQ(found.protocol, parts(whole).ip.protocol());
            expect_translated(bytes, router, sent, wanted);
        }
    }
}

TEST(IcmpError, FromInsideGoesOutUnderAnOutsideAddress) {
    // What came for the host, which answers with an error; or a router inside does.
    const Ip4Address inside_router = ip("192.168.1.1");
    for (const Sample& sample : samples::samples()) {
        SCOPED_TRACE(sample.what);
        const Bytes before =
            error(inside_router, sent.destination.address, sample.make(sent.reversed(), Bytes(30)));
        const Quote found = read(before);
        EXPECT_EQ(found.fault, QuoteFault::none);
        EXPECT_EQ(found.tuple.source.address, sent.destination.address);
        expect_translated(before, translated.source.address, translated.reversed(),
                          error(translated.source.address, sent.destination.address,
                                sample.make(translated.reversed(), Bytes(30))));
    }
}

TEST(IcmpError, OfTwiceTranslatedPacketsHasBothEndsTurnedBack) {
    // Also that between two hosts inside (RFC 5508 REQ-7).
    const Tuple twice = tuple("203.0.113.5", 1024, "192.168.1.20", 8443);
    for (const Sample& sample : samples::samples()) {
        SCOPED_TRACE(sample.what);
        expect_translated(
            error(twice.destination.address, twice.source.address, sample.make(twice, Bytes(30))),
            sent.destination.address, sent,
            error(sent.destination.address, sent.source.address, sample.make(sent, Bytes(30))));
    }
}

TEST(IcmpError, PaddingAndExtensionsStay) {
    // RFC 4884: 128 bytes of quote, of which 28 are the packet, then an extension of 8 bytes.
    const auto make = [](Ip4Address destination, const Tuple& quoted) {
        Bytes quote = packet()
                          .ip4(quoted.source.address, quoted.destination.address)
                          .udp(quoted.source.port.value(), quoted.destination.port.value())
                          .bytes();
        quote.resize(128);
        const Bytes extension = from_hex("20 00 9b 2c 00 04 01 01");
        quote.insert(quote.end(), extension.begin(), extension.end());
        return packet().ip4(router, destination).icmp(11, 0, 32 << 16).payload(quote).bytes();
    };
    const Bytes before = make(translated.source.address, translated);
    EXPECT_EQ(read(before).tuple, translated);
    expect_translated(before, router, sent, make(sent.source.address, sent));
}

TEST(IcmpError, BytesBehindTheQuotedPacketAreNoneOfIt) {
    // A TCP header cut by its packet's end; what follows is padding.
    const auto make = [](Ip4Address destination, const Tuple& quoted) {
        Bytes quote = packet()
                          .ip4(quoted.source.address, quoted.destination.address)
                          .length(30)
                          .tcp(quoted.source.port.value(), quoted.destination.port.value())
                          .checksum(0x1234)
                          .bytes();
        return error(router, destination, quote);
    };
    expect_translated(make(translated.source.address, translated), router, sent,
                      make(sent.source.address, sent));
}

TEST(IcmpError, WrongChecksumStaysWrong) {
    Bytes bytes = error(router, translated.source.address,
                        samples::samples().front().make(translated, Bytes(4)));
    bytes[22] ^= std::byte(1);
    const auto [ip, l4] = parts(bytes);
    EXPECT_EQ(read_quote(ip, l4).fault, QuoteFault::checksum);
    EXPECT_TRUE(translate_error(ip, l4, router, sent));
    EXPECT_FALSE(vnet::wire::InternetSum().add(l4).is_valid());
    bytes[22] ^= std::byte(1);
    EXPECT_TRUE(vnet::wire::InternetSum().add(l4).is_valid());
}

TEST(IcmpError, OnlyErrorsThatPassRoutersAreRead) {
    const Bytes quote = samples::samples().front().make(translated, Bytes(4));
    for (int type = 0; type < 256; ++type) {
        SCOPED_TRACE(type);
        const Bytes bytes = packet()
                                .ip4(router, translated.source.address)
                                .icmp(uint8_t(type))
                                .payload(quote)
                                .bytes();
        const bool passes = type == 3 || type == 4 || type == 11 || type == 12;
        EXPECT_EQ(read(bytes).fault, passes ? QuoteFault::none : QuoteFault::not_error);
    }
}

TEST(IcmpError, WhatItQuotesIsChecked) {
    const auto start = [] { return packet().ip4("203.0.113.5", "198.51.100.7"); };
    const struct {
        const char* what;
        Bytes quote;
        QuoteFault fault;
    } cases[] = {
        {"IPv6", start().version(6).udp().bytes(), QuoteFault::malformed},
        {"short header", start().header_words(4).udp().bytes(), QuoteFault::malformed},
        {"header beyond the quote", cut(start().header_words(15).udp().bytes(), 28),
         QuoteFault::malformed},
        {"header beyond the quote, in a long packet",
         start().length(500).header_words(15).udp().bytes(), QuoteFault::truncated},
        {"shorter than its header", start().length(19).udp().bytes(), QuoteFault::malformed},
        {"shorter than its ports", start().length(27).udp().bytes(), QuoteFault::truncated},
        {"bad IP checksum", start().bad_checksum().udp().bytes(), QuoteFault::quote_checksum},
        {"bad UDP checksum", start().udp().bad_checksum().bytes(), QuoteFault::none},
        {"an error", start().icmp_time_exceeded().payload(28).bytes(), QuoteFault::quotes_error},
        {"a redirect", start().icmp_redirect("10.0.0.1").bytes(), QuoteFault::quotes_error},
        {"a router solicitation", start().icmp(10).bytes(), QuoteFault::none},
        {"of another host", packet().ip4("203.0.113.6", "198.51.100.7").udp().bytes(),
         QuoteFault::not_to_sender},
    };
    for (const auto& test : cases) {
        SCOPED_TRACE(test.what);
        const Quote quote = read(error(router, translated.source.address, test.quote));
        EXPECT_EQ(name(quote.fault), name(test.fault));
        EXPECT_FALSE(name(quote.fault).empty());
    }
    EXPECT_FALSE(read(error(router, translated.source.address, cases[10].quote)).has_ports);
    EXPECT_EQ(name(read(cut(error(router, router, {}), 27)).fault), "truncated");
}

}  // namespace
}  // namespace nat44
