// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "graph/testing/bench.hpp"
#include "vnet/ethernet/input.hpp"
#include "vnet/service/flow_match.hpp"

/// A trace's filter looks at a packet before any node has, or behind one that has found its IP
/// header: the first byte says where that is. What it reads must lie in the packet, and a filter
/// that asks for less must take whatever one takes that asks for more.
namespace {

using namespace vnet;

graph::Packet& empty_packet() {
    static graph::Packet* const packet = [] {
        graph::testing::start_eal();
        return graph::testing::pool().allocate();
    }();
    return *packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t longest = 256;
    if (size < 2 || size > longest) {
        return 0;
    }
    graph::Packet& packet = empty_packet();
    packet.resize(uint32_t(size - 1));
    std::memcpy(packet.data(), data + 1, size - 1);
    packet.meta().l3_offset = uint16_t(data[0] & 0x3f);
    packet.meta().flags = data[0] & 0x40 ? graph::packet_flag::local_origin : uint16_t(0);

    using service::FlowMatch;
    const wire::Ip4Prefix any(wire::Ip4Address(0), 0);
    const wire::Ip6Prefix any6(wire::Ip6Address(), 0);
    const bool ip = FlowMatch({.source = any}).matches(packet);
    const bool port = FlowMatch({.source = any, .destination = any, .source_port = uint16_t(1000)})
                          .matches(packet);
    const bool ip6 = FlowMatch({.source = any6}).matches(packet);
    const bool udp6 =
        FlowMatch({.source = any6, .protocol = wire::IpProtocol::udp}).matches(packet);
    const bool port6 = FlowMatch({.destination = any6,
                                  .protocol = wire::IpProtocol::udp,
                                  .destination_port = uint16_t(53)})
                           .matches(packet);
    graph::TraceRecord record;
    record.take(packet, 1, 0);
    (void)ethernet::Input::format({record, &record});
    if ((port && !ip) || (udp6 && !ip6) || (port6 && !udp6) || (ip && ip6)) {
        std::abort();
    }
    return 0;
}
