// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "vnet/handoff/flow_hash.hpp"

/// The hash is made of every frame that a shared interface receives, before any node has looked at
/// it: four bytes for the interface's own address, then the frame, in a buffer of exactly its size,
/// so that a read past its end is seen. It must not depend on the direction, nor on what no flow is
/// known by.
namespace {

using namespace vnet;

constexpr size_t own_bytes = sizeof(uint32_t);
constexpr size_t l3 = sizeof(wire::EthernetHeader);
constexpr uint64_t seed = 0x5eed;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// Both ends of a frame, the other way round.
struct Ends {
    size_t source;
    size_t destination;
    size_t bytes;
    /// 0: nothing behind the addresses tells the flow.
    size_t ports;
};

Ends ends_of(std::span<const std::byte> frame) {
    const auto type = wire::view<wire::EthernetHeader>(frame)->ether_type();
    if (type == wire::EtherType::ip6) {
        constexpr size_t length = sizeof(wire::Ip6Header);
        const bool ports = wire::detail::has_ports(uint8_t(frame[l3 + 6])) &&
                           frame.size() >= l3 + length + sizeof(wire::FlowPorts);
        return {l3 + 8, l3 + 24, 16, ports ? l3 + length : 0};
    }
    const auto& ip = *wire::view<wire::Ip4Header>(frame.subspan(l3));
    const bool ports = wire::detail::has_ports(ip.protocol_number) && !ip.is_fragment() &&
                       frame.size() >= l3 + ip.header_length() + sizeof(wire::FlowPorts);
    return {l3 + 12, l3 + 16, 4, ports ? l3 + ip.header_length() : 0};
}

void turn_round(std::span<std::byte> frame, const Ends& ends) {
    std::swap_ranges(frame.begin() + ends.source, frame.begin() + ends.source + ends.bytes,
                     frame.begin() + ends.destination);
    if (ends.ports != 0) {
        std::swap_ranges(frame.begin() + ends.ports, frame.begin() + ends.ports + 2,
                         frame.begin() + ends.ports + 2);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < own_bytes) {
        return 0;
    }
    uint32_t own = 0;
    std::memcpy(&own, data, own_bytes);
    size -= own_bytes;
    const auto buffer = std::make_unique<std::byte[]>(size);
    const std::span frame(buffer.get(), size);
    std::memcpy(frame.data(), data + own_bytes, size);

    const auto hash = handoff::flow_hash(frame, own, seed);
    if (!hash) {
        return 0;
    }
    // Addresses of the link are no part of a flow.
    std::fill_n(frame.begin(), 2 * sizeof(wire::MacAddress), std::byte{0});
    check(handoff::flow_hash(frame, own, seed) == hash);

    // A header that says it is shorter than one can be has its "ports" among its own fields:
    // turning those round makes another packet of it.
    const Ends ends = ends_of(frame);
    if (ends.ports != 0 && ends.ports < ends.destination + ends.bytes) {
        return 0;
    }
    turn_round(frame, ends);
    // What goes back may be for the router itself or for a group, and stays then.
    if (const auto back = handoff::flow_hash(frame, own, seed)) {
        check(back == hash);
    }
    return 0;
}
