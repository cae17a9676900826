// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "graph/packet.hpp"
#include "vnet/fib/bucket_tables.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::tunnel {

/// What becomes of "don't fragment" in an outer IPv4 header.
enum class DontFragment : uint8_t { set, copied, clear };

/// What a tunnel's outer headers say of the way.
struct Policy {
    /// 1 to 254 routers; nothing: as many as the inner header has left.
    std::optional<uint8_t> ttl = 64;
    /// 0 to 63; nothing: that of the inner header (RFC 2983 4). Congestion is always told (RFC
    /// 6040).
    std::optional<uint8_t> dscp = 0;
    DontFragment dont_fragment = DontFragment::set;
};

/// Both ends of a tunnel, and what the outer IP header carries. `Address` is Ip4Address or
/// Ip6Address.
template <class Address>
struct Ends {
    Address local;
    Address remote;
    wire::IpProtocol protocol = wire::IpProtocol::udp;
};

/// What the inner header has to do with the outer one.
struct Inner {
    uint8_t dscp_ecn = 0;
    uint8_t ttl = 64;
    bool dont_fragment = false;

    /// Of an IP packet; of anything else what its carrier is to say by itself.
    static Inner of(std::span<const std::byte> packet) noexcept {
        if (packet.size() >= sizeof(wire::Ip4Header) && uint8_t(packet[0]) >> 4 == 4) {
            const auto& ip = *wire::view<wire::Ip4Header>(packet);
            return {ip.dscp_ecn, ip.ttl, ip.dont_fragment()};
        }
        if (packet.size() >= sizeof(wire::Ip6Header) && uint8_t(packet[0]) >> 4 == 6) {
            const auto& ip = *wire::view<wire::Ip6Header>(packet);
            // A router on the way does not cut it either.
            return {ip.traffic_class(), ip.hop_limit, true};
        }
        return {};
    }
};

/// The outer headers of a tunnel as bytes, and the way that they take: what a worker knows of it.
/// Written by control before any worker sees it, and never changed but for the path. Three cache
/// lines: headers of up to 48 bytes do with the first, of up to 64 with the first and the last.
struct alignas(64) Outer {
    static constexpr size_t short_header = 48;
    static constexpr size_t middle_header = 64;
    static constexpr size_t long_header = 128;

    /// To the other end; follows the routes.
    std::atomic<fib::PathIndex> path;
    /// Bytes of all headers, the outer IP header first; 0: no such tunnel.
    uint8_t length;
    bool is_ip6;
    /// What is behind the IP header is UDP: its length and source port are written for each packet.
    bool has_udp;
    /// 0: that of the inner header.
    uint8_t ttl;
    bool copies_dscp;
    /// Bits that are in every outer header.
    uint8_t fixed_dscp_ecn;
    DontFragment dont_fragment;
    /// Where the path was looked up.
    interface::Vrf vrf;
    /// The ones' complement sum of the IPv4 header as it lies here, in the order of memory; its TTL
    /// is zero.
    uint16_t sum;
    /// What its kind notes for itself.
    uint8_t note;
    /// At their ends, so that a copy of fixed size ends where the inner packet begins.
    std::array<std::byte, short_header> short_bytes;
    std::array<std::byte, long_header> long_bytes;
};
static_assert(sizeof(Outer) == 192);

/// Writes what a tunnel's outer headers are; `behind` is what follows the IP header, with lengths
/// of zero. The path is left as it is. Control thread.
void lay(Outer& outer, const Ends<wire::Ip4Address>& ends, const Policy& policy, interface::Vrf vrf,
         std::span<const std::byte> behind) noexcept;
void lay(Outer& outer, const Ends<wire::Ip6Address>& ends, const Policy& policy, interface::Vrf vrf,
         std::span<const std::byte> behind) noexcept;

/// Bytes that are free for a link's header in front of what was pushed.
inline constexpr size_t link_room = 16;

/// What came of a push.
enum class Pushed : uint8_t { done, no_headroom, too_long };

namespace detail {
/// Copies headers that are not short in front of a packet; false where there is no room.
[[gnu::noinline]] inline bool copy_long(graph::Packet& packet, const Outer& outer) noexcept {
    const size_t size =
        outer.length <= Outer::middle_header ? Outer::middle_header : size_t{outer.length};
    if (packet.headroom() < size + link_room) {
        return false;
    }
    const std::byte* const end = outer.long_bytes.data() + outer.long_bytes.size();
    if (size == Outer::middle_header) {
        std::memcpy(packet.data() - Outer::middle_header, end - Outer::middle_header,
                    Outer::middle_header);
    } else {
        std::memcpy(packet.data() - size, end - size, size);
    }
    return true;
}

/// The packet begins so many bytes earlier. Whoever asks sets all offsets of its Metadata anew.
[[gnu::always_inline]] inline void begin_earlier(graph::Packet& packet, uint32_t bytes) noexcept {
    rte_mbuf& mbuf = *packet.mbuf();
    mbuf.data_off = uint16_t(mbuf.data_off - bytes);
    mbuf.data_len = uint16_t(mbuf.data_len + bytes);
    mbuf.pkt_len += bytes;
}
}  // namespace detail

/// What is another one for each packet that is sent.
struct Sending {
    /// By which routers on the way tell flows apart (RFC 7348 5, RFC 8926 3.3): the UDP source port
    /// is one of 49152 to 65535 after it.
    uint32_t flow = 0;
    /// Of an outer packet that may be cut (RFC 6864 4.1).
    uint16_t identification = 0;
    /// Bytes in front of the outer IP header that a link's header will have; up to link_room.
    uint16_t lead = 0;
    /// A rewrite is still to come, which takes one from the TTL.
    bool is_rewritten = false;
};

/// Lays the outer headers in front of a packet and completes them: lengths, checksum, what is
/// copied from the inner header, the UDP source port. The UDP checksum is zero (RFC 6935 5). The
/// packet's offsets are the caller's to set.
[[gnu::always_inline]] inline Pushed push(graph::Packet& packet, const Outer& outer,
                                          const Inner& inner, const Sending& sending) noexcept {
    const uint32_t total = packet.length() + outer.length;
    if (total > 0xffff) [[unlikely]] {
        return Pushed::too_long;
    }
    // Copies of fixed size are fast; what they write in front of the headers belongs to nobody.
    if (outer.length <= Outer::short_header) [[likely]] {
        if (packet.headroom() < Outer::short_header + link_room) [[unlikely]] {
            return Pushed::no_headroom;
        }
        std::memcpy(packet.data() - Outer::short_header, outer.short_bytes.data(),
                    Outer::short_header);
    } else if (!detail::copy_long(packet, outer)) [[unlikely]] {
        return Pushed::no_headroom;
    }
    std::byte* const start = packet.data() - outer.length;
    detail::begin_earlier(packet, outer.length + sending.lead);
    const auto dscp_ecn = uint8_t(outer.copies_dscp ? inner.dscp_ecn : inner.dscp_ecn & 3);
    const uint32_t hops = (outer.ttl != 0 ? outer.ttl : inner.ttl) + uint32_t{sending.is_rewritten};
    // What is bridged into the tunnel may have none left, and is none of the router's.
    const auto ttl = uint8_t(std::clamp(hops, 1U, 0xffU));
    if (!outer.is_ip6) {
        auto& ip = *wire::view<wire::Ip4Header>(start, sizeof(wire::Ip4Header));
        const wire::Be16 length{uint16_t(total)};
        // The sum is reckoned from what is written: the header was written in other pieces just
        // now, and reading it at once would wait for that.
        uint32_t sum = uint32_t{outer.sum} + length.network() + (uint32_t{dscp_ecn} << 8) + ttl;
        ip.total_length = length;
        ip.dscp_ecn = uint8_t(outer.fixed_dscp_ecn | dscp_ecn);
        ip.ttl = ttl;
        if (outer.dont_fragment != DontFragment::set) {
            const bool is_set = outer.dont_fragment == DontFragment::copied && inner.dont_fragment;
            const wire::Be16 number{is_set ? uint16_t(0) : sending.identification};
            const wire::Be16 flags{is_set ? wire::Ip4Header::dont_fragment_flag : uint16_t(0)};
            ip.identification = number;
            ip.flags_offset = flags;
            sum += uint32_t{number.network()} + flags.network();
        }
        // Five words of 16 bits and less: one carry is left at most.
        sum = (sum & 0xffff) + (sum >> 16);
        ip.checksum = wire::Be16::from_network(uint16_t(~(sum + (sum >> 16))));
    } else {
        auto& ip = *wire::view<wire::Ip6Header>(start, sizeof(wire::Ip6Header));
        ip.payload_length = wire::Be16(uint16_t(total - sizeof(wire::Ip6Header)));
        ip.version_class_flow =
            wire::Be32(0x6000'0000U | uint32_t(outer.fixed_dscp_ecn | dscp_ecn) << 20);
        ip.hop_limit = ttl;
    }
    if (outer.has_udp) {
        const size_t ip_length = outer.is_ip6 ? sizeof(wire::Ip6Header) : sizeof(wire::Ip4Header);
        auto& udp = *wire::view<wire::UdpHeader>(start + ip_length, sizeof(wire::UdpHeader));
        udp.source_port = wire::Be16(uint16_t(0xc000 | (sending.flow & 0x3fff)));
        udp.length = wire::Be16(uint16_t(total - ip_length));
    }
    return Pushed::done;
}

}  // namespace vnet::tunnel
