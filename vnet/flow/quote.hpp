// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include "vnet/flow/key.hpp"

namespace vnet::flow {

/// The protocol has ports in its first four bytes: TCP, UDP, SCTP, DCCP, UDP-Lite.
bool has_ports(wire::IpProtocol protocol) noexcept;

/// An ICMP message that asks or answers, with an identifier: echo, timestamp, information and
/// address mask (RFC 792, RFC 950).
bool is_query(uint8_t icmp_type) noexcept;

/// The key of the packet that an ICMP error quotes, as it was sent, without VRF. `message` begins
/// with the ICMP header. Nothing where the quote is none that a session could have: cut short, a
/// fragment behind the first, an ICMP error itself.
std::optional<Key> quoted_key(std::span<const std::byte> message) noexcept;

}  // namespace vnet::flow
