// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "graph/packet.hpp"
#include "vnet/fragment/ports.hpp"
#include "vnet/fragment/store.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/icmp6/error.hpp"

/// What IPv4 and IPv6 do differently with fragments: how a header says what it is a fragment of,
/// and how the header of the whole is made. Worker that holds the packet; l3_offset is set.
namespace vnet::fragment {

/// What a packet is, and why it is not a fragment that could be used.
enum class Kind : uint8_t {
    fragment,
    /// Not one of several: no fragment header, or an atomic one (RFC 6946).
    whole,
    /// Its headers are not all there.
    truncated,
    /// No payload, or one that is no multiple of 8 in front of more (RFC 791 3.2, RFC 8200 4.5).
    bad_length,
    /// It would end behind 65535 bytes.
    overrun,
};

/// A packet's upper layer.
struct Upper {
    Ports ports;
    /// Bytes of it that are in this packet.
    uint32_t bytes = 0;
};

struct Ip4 {
    static constexpr std::string_view reassemble = "ip4-reassemble";
    static constexpr std::string_view virtual_reassembly = "ip4-virtual-reassembly";
    static constexpr std::string_view unicast_arc = "ip4-unicast";
    /// Where the sender of a datagram out of time is told.
    static constexpr std::string_view error_node = "icmp4-error";
    using ErrorSlot = icmp4::ErrorSlot;
    /// Asks for an error of a datagram out of time whose first fragment this is (RFC 792).
    static void tell_timed_out(ErrorSlot slot, graph::Packet& packet) noexcept {
        icmp4::ask(slot, packet, wire::Icmp4Type::time_exceeded,
                   uint8_t(wire::Icmp4TimeExceeded::reassembly));
    }
    /// What sent it to be reassembled, and gets it back whole.
    static constexpr std::string_view local = "ip4-local";
    /// Of a packet, its header included.
    static constexpr uint32_t longest = 65535;

    /// What a packet is; `out` is filled in for a fragment.
    static Kind parse(const graph::Packet& packet, Fragment& out) noexcept;
    /// Bytes in front of what `longest` counts.
    static uint32_t header_offset(const graph::Packet& packet) noexcept {
        return packet.meta().l3_offset;
    }
    /// Makes the header of the first fragment that of the whole packet.
    static void finish(graph::Packet& packet, const Store::Assembled& whole) noexcept;
    /// Makes a packet whole that is alone.
    static void finish_atomic(graph::Packet&) noexcept {}
    /// Worth a parse().
    static bool may_be_fragment(const graph::Packet& packet) noexcept;
    /// What it says of itself where it has its upper layer's header: whole, or a first fragment.
    static Upper upper(const graph::Packet& packet) noexcept;
};

struct Ip6 {
    static constexpr std::string_view reassemble = "ip6-reassemble";
    static constexpr std::string_view virtual_reassembly = "ip6-virtual-reassembly";
    static constexpr std::string_view unicast_arc = "ip6-unicast";
    static constexpr std::string_view error_node = "icmp6-error";
    using ErrorSlot = icmp6::ErrorSlot;
    /// RFC 4443 3.3.
    static void tell_timed_out(ErrorSlot slot, graph::Packet& packet) noexcept {
        icmp6::ask(slot, packet, wire::Icmp6Type::time_exceeded,
                   uint8_t(wire::Icmp6TimeExceeded::reassembly), 0);
    }
    static constexpr std::string_view local = "ip6-local";
    /// Of a packet behind its first 40 bytes.
    static constexpr uint32_t longest = 65535;

    static Kind parse(const graph::Packet& packet, Fragment& out) noexcept;
    /// The fragment header goes, so that 48 bytes of headers count for nothing.
    static uint32_t header_offset(const graph::Packet& packet) noexcept {
        return uint32_t(packet.meta().l3_offset) + 48;
    }
    static void finish(graph::Packet& packet, const Store::Assembled& whole) noexcept;
    /// Takes the fragment header out of an atomic fragment.
    static void finish_atomic(graph::Packet& packet) noexcept;
    static bool may_be_fragment(const graph::Packet& packet) noexcept;
    static Upper upper(const graph::Packet& packet) noexcept;
};

}  // namespace vnet::fragment
