// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/nat44/tuple.hpp"

namespace nat44 {

/// Why an ICMP message is not translated as an error; each value is one drop reason.
enum class QuoteFault : std::uint8_t {
    none,
    not_error,       ///< of RFC 5508 2: not unreachable, source quench, time exceeded or parameter
                     ///< problem. A redirect is none: it means nothing behind a router (REQ-11)
    checksum,        ///< of the message (REQ-3)
    malformed,       ///< what is quoted is no IPv4 header
    truncated,       ///< the quoted header, or 8 bytes behind it that hold ports, are not all there
    quote_checksum,  ///< of the quoted IP header (REQ-3a)
    quotes_error,    ///< an error about an error, which nobody may send (RFC 1122 3.2.2)
    not_to_sender,   ///< addressed to somebody other than who sent what it quotes
};

/// The kebab-case word for counters.
[[nodiscard]] std::string_view name(QuoteFault fault) noexcept;

/// The packet that an ICMP error is about.
struct Quote {
    /// All else is meant only with `none`.
    QuoteFault fault = QuoteFault::none;
    vnet::wire::IpProtocol protocol{};
    /// The tuple has ports, or an identifier; not in later fragments and other protocols.
    bool has_ports = false;
    /// As in the quoted packet, which went the other way: the flow's packets in the direction of
    /// the error have it reversed.
    Tuple tuple;
};

/// Reads what an ICMP error quotes, and checks both (RFC 5508 REQ-3). `message` is the whole ICMP
/// message up to the end of the packet, which is no fragment; `outer` is the header before it. The
/// checksum of the quoted TCP or UDP is not checked (REQ-3c).
[[nodiscard]] Quote read_quote(const vnet::wire::Ip4Header& outer,
                               std::span<const std::byte> message) noexcept;

/// Translates an ICMP error, which has the arguments of read_quote(), so that `quoted` is the tuple
/// of what it quotes: the sender of that packet sees again what it sent (REQ-4a, REQ-5a). The outer
/// destination becomes the quoted source, whose host it is for (REQ-4c); the outer source becomes
/// `source`:
/// - from outside, the one it has, or what a translation of the destination makes of it;
/// - from inside, the outside address of the host that sent the error, where it has one of its own,
///   else the router's own outside address (REQ-5c).
///
/// The checksums of the quoted IP header and, as far as they are quoted, of TCP, UDP and ICMP
/// follow, so do that of the ICMP message and the outer one; wrong ones stay wrong by as much.
/// Ports count where Quote::has_ports. Type, code, next-hop MTU and what follows the quoted headers
/// stay, extensions (RFC 4884) included: none of the bytes changed lies behind the first 78 of the
/// quote, nor the end of the quoted packet. False, and the packet as it was, when the quoted
/// headers cannot be found (malformed, truncated).
[[nodiscard]] bool translate_error(vnet::wire::Ip4Header& outer, std::span<std::byte> message,
                                   vnet::wire::Ip4Address source, const Tuple& quoted) noexcept;

}  // namespace nat44
