// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "plugins/nat44/translation.hpp"
#include "vnet/wire/testing/packets.hpp"

/// Packets that the tests of translations share.
namespace nat44::samples {

using vnet::wire::Be16;
using vnet::wire::Ip4Header;
using vnet::wire::IpProtocol;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::ip;
using vnet::wire::testing::packet;

/// Both parts of a packet that translate() takes.
struct Parts {
    Ip4Header& ip;
    std::span<std::byte> l4;
};

/// Of a packet that has all of its IP header; throws otherwise, which fails the test.
inline Parts parts(Bytes& bytes) {
    auto* ip = vnet::wire::view<Ip4Header>(bytes);
    if (ip == nullptr || ip->header_length() > bytes.size()) {
        throw std::logic_error("no IP header");
    }
    return {*ip, std::span(bytes).subspan(ip->header_length())};
}

inline Tuple tuple(const char* source, uint16_t source_port, const char* destination,
                   uint16_t destination_port) {
    return {{ip(source), Be16(source_port)}, {ip(destination), Be16(destination_port)}};
}

/// A packet that comes out as it should for any tuple: made for another, it is what a translation
/// must make of the first.
struct Sample {
    std::string what;
    std::function<Bytes(const Tuple&, const Bytes& payload)> make;
    /// Bytes of layer 4 without which it is refused.
    size_t least = 0;
};

/// The first bytes of a packet, as an error quotes them. Half a checksum of TCP, which cannot
/// follow a change, is zero.
inline Bytes quoted(Bytes bytes, size_t length) {
    const auto [ip, l4] = parts(bytes);
    const size_t half = ip.header_length() + 17;
    if (length == half && half < bytes.size() && ip.protocol() == IpProtocol::tcp &&
        ip.has_l4_header()) {
        l4[16] = std::byte(0);
    }
    bytes.resize(std::min(length, bytes.size()));
    return bytes;
}

inline std::vector<Sample> samples() {
    using vnet::wire::testing::PacketMaker;
    const auto start = [](const Tuple& tuple) {
        return packet().ip4(tuple.source.address, tuple.destination.address);
    };
    const auto tcp = [](PacketMaker maker, const Tuple& tuple) {
        return maker.tcp(tuple.source.port.value(), tuple.destination.port.value());
    };
    const auto udp = [](PacketMaker maker, const Tuple& tuple) {
        return maker.udp(tuple.source.port.value(), tuple.destination.port.value());
    };
    const Bytes options = from_hex("94 04 00 00 07 07 04 c0 00 02 01 00");
    return {
        {"TCP", [=](auto& t, auto& p) { return tcp(start(t), t).payload(p).bytes(); }, 18},
        {"UDP", [=](auto& t, auto& p) { return udp(start(t), t).payload(p).bytes(); }, 8},
        {"UDP without checksum",
         [=](auto& t, auto& p) { return udp(start(t), t).checksum(0).payload(p).bytes(); }, 8},
        {"TCP behind options",
         [=](auto& t, auto& p) { return tcp(start(t).options(options), t).payload(p).bytes(); },
         18},
        {"UDP behind options",
         [=](auto& t, auto& p) { return udp(start(t).options(options), t).payload(p).bytes(); }, 8},
        {"echo request",
         [=](auto& t, auto& p) {
             return start(t).icmp_echo_request(t.source.port.value(), 7).payload(p).bytes();
         },
         8},
        {"echo reply",
         [=](auto& t, auto& p) {
             return start(t).icmp_echo_reply(t.destination.port.value(), 7).payload(p).bytes();
         },
         8},
        {"timestamp request",
         [=](auto& t, auto& p) {
             return start(t).icmp(13, 0, t.source.port.value() << 16U | 1).payload(p).bytes();
         },
         8},
        {"timestamp reply behind options",
         [=](auto& t, auto& p) {
             return start(t)
                 .options(options)
                 .icmp(14, 0, t.destination.port.value() << 16U | 1)
                 .payload(p)
                 .bytes();
         },
         8},
        {"first fragment of TCP",
         [=](auto& t, auto& p) { return tcp(start(t).fragment(0, true), t).payload(p).bytes(); },
         18},
        {"first fragment of UDP",
         [=](auto& t, auto& p) { return udp(start(t).fragment(0, true), t).payload(p).bytes(); },
         8},
        {"later fragment of TCP",
         [=](auto& t, auto& p) {
             return start(t).fragment(64, true).protocol(IpProtocol::tcp).payload(p).bytes();
         }},
        {"last fragment of an echo request",
         [=](auto& t, auto& p) {
             return start(t).fragment(64, false).protocol(IpProtocol::icmp).payload(p).bytes();
         }},
        {"ESP",
         [=](auto& t, auto& p) { return start(t).protocol(IpProtocol::esp).payload(p).bytes(); }},
        {"SCTP",
         [=](auto& t, auto& p) { return start(t).protocol(IpProtocol::sctp).payload(p).bytes(); }},
    };
}

}  // namespace nat44::samples
