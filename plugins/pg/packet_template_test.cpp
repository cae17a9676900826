// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/packet_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/testing/packets.hpp"
#include "vnet/wire/udp.hpp"

namespace pg {
namespace {

using ::testing::HasSubstr;
using vnet::wire::Ip4Address;
using vnet::wire::IpProtocol;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;
using vnet::wire::testing::to_hex;

Bytes next(PacketTemplate& source) {
    Bytes bytes(source.size());
    source.write(bytes.data());
    return bytes;
}

Ip4Address destination(const Bytes& bytes) {
    return vnet::wire::view<vnet::wire::Ip4Header>(bytes.data() + 14, 20)->destination;
}

/// A stream from 10.0.0.1 to 10.0.0.2.
PacketSpec spec(IpProtocol protocol, uint32_t size = 60) {
    PacketSpec spec;
    spec.size = size;
    spec.protocol = protocol;
    spec.source.first = Ip4Address(10, 0, 0, 1).value();
    spec.destination.first = Ip4Address(10, 0, 0, 2).value();
    spec.destination_mac = vnet::wire::testing::mac("02:00:00:00:00:02");
    return spec;
}

vnet::wire::testing::PacketMaker expected() {
    return packet().ethernet("02:70:67:00:00:01", "02:00:00:00:00:02");
}

TEST(PacketTemplate, UdpAsAnotherMakerMakesIt) {
    PacketTemplate made(spec(IpProtocol::udp));
    const Bytes wanted =
        expected().ip4("10.0.0.1", "10.0.0.2").udp(1024, 9).payload(60 - 42).bytes();
    EXPECT_EQ(to_hex(next(made)), to_hex(wanted));
    EXPECT_EQ(to_hex(next(made)), to_hex(wanted));
}

TEST(PacketTemplate, TcpAsAnotherMakerMakesIt) {
    PacketTemplate made(spec(IpProtocol::tcp, 100));
    EXPECT_EQ(to_hex(next(made)), to_hex(expected()
                                             .ip4("10.0.0.1", "10.0.0.2")
                                             .tcp(1024, 9, vnet::wire::TcpFlags::ack)
                                             .window(0xffff)
                                             .payload(100 - 54)
                                             .bytes()));
}

TEST(PacketTemplate, IcmpAsAnotherMakerMakesIt) {
    PacketTemplate made(spec(IpProtocol::icmp, 98));
    EXPECT_EQ(to_hex(next(made)), to_hex(expected()
                                             .ip4("10.0.0.1", "10.0.0.2")
                                             .icmp_echo_request(0, 0)
                                             .payload(98 - 42)
                                             .bytes()));
}

TEST(PacketTemplate, Ip6AsAnotherMakerMakesIt) {
    for (const auto protocol : {IpProtocol::udp, IpProtocol::tcp, IpProtocol::icmp}) {
        for (const uint32_t more : {0U, 1U, 7U, 1400U}) {
            PacketSpec six = spec(protocol);
            six.ip6.emplace();
            six.ip6->source = vnet::wire::testing::ip6("2001:db8::ffff");
            six.source = {0, 3, 1};
            six.destination = {0, 2, 0x10000};
            six.source_port.count = 5;
            six.size = six.least() + more;
            ASSERT_TRUE(six.check().ok());
            PacketTemplate made(six);
            const char* sources[] = {"2001:db8::ffff", "2001:db8::1:0", "2001:db8::1:1"};
            const char* destinations[] = {"2001:2:0:1::1", "2001:2:0:1::1:1"};
            for (unsigned i = 0; i < 7; ++i) {
                auto wanted = expected().ip6(sources[i % 3], destinations[i % 2]);
                if (protocol == IpProtocol::udp) {
                    wanted.udp(uint16_t(1024 + i % 5), 9);
                } else if (protocol == IpProtocol::tcp) {
                    wanted.tcp(uint16_t(1024 + i % 5), 9, vnet::wire::TcpFlags::ack).window(0xffff);
                } else {
                    wanted.icmp6_echo_request(0, 0);
                }
                ASSERT_EQ(to_hex(next(made)), to_hex(wanted.payload(int(more)).bytes()));
            }
        }
    }
}

TEST(PacketTemplate, Ip6HasBoundsOfItsOwn) {
    PacketSpec six = spec(IpProtocol::tcp, 73);
    six.ip6.emplace();
    six.source.first = six.destination.first = 0;
    EXPECT_EQ(six.check().message(), "packets of 73 B cannot be made; a size is 74 to 2048 B");
    six.size = 74;
    EXPECT_TRUE(six.check().ok());
    EXPECT_EQ(six.to_string(), "74 B tcp 2001:2::1 -> 2001:2:0:1::1, ports 1024 -> 9");
    six.ip6->source = vnet::wire::testing::ip6("2001:db8::ffff:ffff:ffff:fffe");
    six.source.count = 3;
    EXPECT_THAT(six.check().message(), HasSubstr("there are no 3 source addresses from"));
}

TEST(PacketTemplate, WhatVariesIsInTheChecksumsToo) {
    for (const auto protocol : {IpProtocol::udp, IpProtocol::tcp}) {
        for (const uint32_t size : {60U, 61U, 1514U, 2048U}) {
            PacketSpec many = spec(protocol, size);
            many.source.count = 3;
            many.destination = {Ip4Address(10, 1, 0, 0).value(), 5, 256};
            many.source_port = {65000, 500};
            many.destination_port = {1, 7};
            PacketTemplate made(many);
            for (uint32_t i = 0; i < 600; ++i) {
                const Bytes bytes = next(made);
                auto maker = expected().ip4(Ip4Address(many.source.first + i % 3),
                                            Ip4Address(many.destination.first + i % 5 * 256));
                const auto from = uint16_t(65000 + i % 500);
                const auto to = uint16_t(1 + i % 7);
                maker = protocol == IpProtocol::udp
                            ? maker.udp(from, to)
                            : maker.tcp(from, to, vnet::wire::TcpFlags::ack).window(0xffff);
                const size_t headers = protocol == IpProtocol::udp ? 42 : 54;
                ASSERT_EQ(to_hex(bytes), to_hex(maker.payload(size_t(size - headers)).bytes()))
                    << i;
            }
        }
    }
}

TEST(PacketTemplate, AUdpChecksumIsNeverZero) {
    // Among 65536 source ports one makes the sum come out as zero.
    PacketSpec ports = spec(IpProtocol::udp);
    ports.source_port = {0, 65536};
    PacketTemplate made(ports);
    unsigned full = 0;
    for (int i = 0; i < 65536; ++i) {
        const Bytes bytes = next(made);
        const auto* udp = vnet::wire::view<vnet::wire::UdpHeader>(bytes.data() + 34, 8);
        ASSERT_TRUE(udp->has_checksum());
        full += udp->checksum.value() == 0xffff ? 1 : 0;
    }
    EXPECT_GE(full, 1U);
}

TEST(PacketTemplate, RandomNumbersStayInRangeAndComeAgain) {
    PacketSpec random = spec(IpProtocol::udp);
    random.destination.count = 10;
    random.random = true;
    PacketTemplate made(random);
    std::vector<Ip4Address> first;
    std::set<Ip4Address> seen;
    for (int i = 0; i < 200; ++i) {
        first.push_back(destination(next(made)));
        seen.insert(first.back());
    }
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(*seen.begin(), Ip4Address(10, 0, 0, 2));
    EXPECT_EQ(*seen.rbegin(), Ip4Address(10, 0, 0, 11));
    made.rewind();
    for (const Ip4Address address : first) {
        EXPECT_EQ(destination(next(made)), address);
    }
    random.seed = 2;
    PacketTemplate other(random);
    std::vector<Ip4Address> differ;
    for (int i = 0; i < 200; ++i) {
        differ.push_back(destination(next(other)));
    }
    EXPECT_NE(differ, first);
}

TEST(PacketTemplate, ADestinationThatIsFollowedIsPutIn) {
    PacketSpec follows = spec(IpProtocol::udp);
    follows.destination_mac.reset();
    PacketTemplate made(follows);
    made.set_destination_mac(0x0a0b0c0d0e0f);
    const Bytes bytes = next(made);
    EXPECT_EQ(to_hex(std::span(bytes).first(6)), "0a 0b 0c 0d 0e 0f");
}

TEST(PacketSpec, RefusesWhatCannotBe) {
    const auto refusal = [](auto&& change) {
        PacketSpec wrong;
        change(wrong);
        return std::string(wrong.check().message());
    };
    EXPECT_TRUE(PacketSpec().check().ok());
    EXPECT_THAT(refusal([](PacketSpec& s) { s.size = 59; }), HasSubstr("a size is 60 to 2048 B"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.size = 2049; }), HasSubstr("a size is 60 to 2048 B"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.ttl = 0; }), HasSubstr("give 1 to 255"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.source.count = 0; }),
                HasSubstr("0 source addresses"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.destination.step = 0, s.destination.count = 2; }),
                HasSubstr("step of 1"));
    EXPECT_THAT(refusal([](PacketSpec& s) {
                    s.destination = {0xffffff00, 257, 1};
                }),
                HasSubstr("no 257 destination addresses from 255.255.255.0 on"));
    EXPECT_THAT(refusal([](PacketSpec& s) {
                    s.source_port = {65535, 2};
                }),
                HasSubstr("no 2 source ports from 65535"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.destination_port.first = 65536; }),
                HasSubstr("ports from 65536"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.source_mac = vnet::wire::MacAddress::broadcast(); }),
                HasSubstr("unicast"));
    EXPECT_THAT(refusal([](PacketSpec& s) { s.protocol = IpProtocol::gre; }),
                HasSubstr("udp, tcp or icmp"));
}

TEST(PacketSpec, IsShownInWords) {
    PacketSpec spec;
    spec.destination.count = 1000;
    spec.random = true;
    EXPECT_EQ(spec.to_string(),
              "60 B udp 198.18.0.1 -> 198.19.0.1 x 1000, ports 1024 -> 9, random by seed 1");
}

}  // namespace
}  // namespace pg
