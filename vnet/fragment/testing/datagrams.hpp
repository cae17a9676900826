// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

/// Datagrams and their fragments, for the tests of this folder.
namespace vnet::fragment::testing {

using wire::testing::Bytes;

/// An engine without running workers: what nodes ask it for is there.
inline std::unique_ptr<graph::Engine> make_engine(unsigned workers = 1) {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.workers = workers;
    options.buffers = 2048;
    auto engine = graph::Engine::create(options);
    if (!engine.ok()) {
        throw std::runtime_error(std::string(engine.status().message()));
    }
    return std::move(*engine);
}

/// A packet of these bytes in segments of at most so many.
inline graph::Packet* in_segments(const Bytes& bytes, size_t segment) {
    graph::Packet* head = nullptr;
    for (size_t at = 0; at < bytes.size() || head == nullptr; at += segment) {
        const size_t count = std::min(segment, bytes.size() - at);
        graph::Packet* one = graph::testing::pool().allocate();
        if (one == nullptr || !one->resize(uint32_t(count))) {
            throw std::runtime_error("no buffer of that size");
        }
        std::copy_n(bytes.begin() + long(at), count, one->data());
        if (head == nullptr) {
            head = one;
        } else if (rte_pktmbuf_chain(head->mbuf(), one->mbuf()) != 0) {
            throw std::runtime_error("too many segments");
        }
    }
    return head;
}

/// One fragment's part of a datagram.
struct Part {
    uint32_t begin;
    uint32_t end;
};

/// The fragments of a packet that begins with its IPv4 header, each the first 20 bytes and a part
/// of the payload.
inline Bytes ip4_fragment(const Bytes& whole, const Part& part, uint16_t id = 7) {
    const size_t payload = whole.size() - 20;
    wire::testing::PacketMaker maker;
    const auto address = [&](size_t at) {
        return wire::Ip4Address(uint8_t(whole[at]), uint8_t(whole[at + 1]), uint8_t(whole[at + 2]),
                                uint8_t(whole[at + 3]));
    };
    return maker.ip4(address(12), address(16))
        .identification(id)
        .fragment(part.begin, part.end < payload)
        .protocol(wire::IpProtocol(whole[9]))
        .payload(std::span(whole).subspan(20 + part.begin, part.end - part.begin))
        .bytes();
}

/// Same of one with an IPv6 header of 40 bytes and nothing between.
inline Bytes ip6_fragment(const Bytes& whole, const Part& part, uint32_t id = 7) {
    const size_t payload = whole.size() - 40;
    wire::testing::PacketMaker maker;
    const auto address = [&](size_t at) {
        std::array<uint8_t, 16> bytes;
        std::copy_n(reinterpret_cast<const uint8_t*>(whole.data()) + at, 16, bytes.begin());
        return wire::Ip6Address(bytes);
    };
    return maker.ip6(address(8), address(24))
        .fragment_header(part.begin, part.end < payload, id)
        .protocol(wire::IpProtocol(whole[6]))
        .payload(std::span(whole).subspan(40 + part.begin, part.end - part.begin))
        .bytes();
}

}  // namespace vnet::fragment::testing
