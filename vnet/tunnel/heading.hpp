// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nmmintrin.h>

#include <cstring>
#include <span>

#include "vnet/tunnel/frame.hpp"
#include "vnet/tunnel/outer.hpp"
#include "vnet/wire/flow_hash.hpp"

namespace vnet::tunnel {

/// What a frame has to say to the outer headers that it gets.
struct Heading {
    Inner inner;
    /// The same for all frames of a flow in one direction: routers on the way tell flows apart by
    /// the UDP source port that is made of it (RFC 7348 5,
    /// RFC 8926 3.3).
    uint32_t flow = 0;
};

namespace detail {

inline uint64_t eight_bytes(const std::byte* at) noexcept {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Eight bytes more; fast, and good enough to choose among ports and ways by.
inline uint64_t stir(uint64_t sum, uint64_t word) noexcept {
    return _mm_crc32_u64(sum, word);
}

/// Of what is no plain IPv4: tagged, IPv6, ARP.
[[gnu::noinline]] inline Heading read_other(std::span<const std::byte> frame,
                                            uint64_t sum) noexcept {
    Heading heading;
    const auto packet = ip_in_frame(frame);
    heading.inner = Inner::of(packet);
    if (const auto* ip4 = wire::view<wire::Ip4Header>(packet); ip4 && ip4->version() == 4) {
        sum = stir(sum, wire::flow_hash(*ip4, packet, 0));
    } else if (const auto* ip6 = wire::view<wire::Ip6Header>(packet); ip6 && ip6->version() == 6) {
        sum = stir(sum, wire::flow_hash(*ip6, packet, 0));
    }
    heading.flow = uint32_t(sum);
    return heading;
}

}  // namespace detail

/// Reads a frame of at least an Ethernet header. `flow` is what is known of it, or 0.
[[gnu::always_inline]] inline Heading read_heading(std::span<const std::byte> frame,
                                                   uint32_t flow) noexcept {
    struct Plain {
        wire::EthernetHeader ethernet;
        wire::Ip4Header ip;
        wire::FlowPorts ports;
    };
    // Both addresses; the second word has some of the first once more.
    const uint64_t macs = detail::stir(detail::stir(0, detail::eight_bytes(frame.data())),
                                       detail::eight_bytes(frame.data() + 4));
    const auto* plain = wire::view<Plain>(frame);
    if (plain == nullptr || plain->ethernet.ether_type() != wire::EtherType::ip4 ||
        plain->ip.version_ihl != 0x45) [[unlikely]] {
        Heading heading = detail::read_other(frame, macs);
        heading.flow = flow != 0 ? flow : heading.flow;
        return heading;
    }
    Heading heading;
    heading.inner = {plain->ip.dscp_ecn, plain->ip.ttl, plain->ip.dont_fragment()};
    uint64_t sum = detail::stir(macs, detail::eight_bytes(wire::bytes_of(plain->ip.source).data()));
    // Only a datagram's first fragment has its ports.
    if (wire::detail::has_ports(plain->ip.protocol_number) && !plain->ip.is_fragment()) {
        uint32_t ports;
        std::memcpy(&ports, &plain->ports, sizeof ports);
        sum = detail::stir(sum, uint64_t{plain->ip.protocol_number} << 32 | ports);
    }
    heading.flow = flow != 0 ? flow : uint32_t(sum);
    return heading;
}

/// The same of an IP packet, for what carries no Ethernet.
inline Heading read_ip_heading(std::span<const std::byte> packet, uint32_t flow) noexcept {
    Heading heading{Inner::of(packet), flow};
    if (flow == 0) {
        if (const auto* ip4 = wire::view<wire::Ip4Header>(packet); ip4 && ip4->version() == 4) {
            heading.flow = wire::flow_hash(*ip4, packet, 0);
        } else if (const auto* ip6 = wire::view<wire::Ip6Header>(packet)) {
            heading.flow = wire::flow_hash(*ip6, packet, 0);
        }
    }
    return heading;
}

}  // namespace vnet::tunnel
