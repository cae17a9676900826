// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/wire/icmp4.hpp"

namespace vnet::wire {

/// An ICMP message that asks or answers, and has an identifier: echo, timestamp, and, no longer in
/// use (RFC 6918), information and address mask (RFC 792, RFC 950).
[[nodiscard]] constexpr bool has_identifier(Icmp4Type type) noexcept {
    constexpr std::uint8_t information_request = 15;
    constexpr std::uint8_t address_mask_reply = 18;
    const auto number = static_cast<std::uint8_t>(type);
    return type == Icmp4Type::echo_request || type == Icmp4Type::echo_reply ||
           type == Icmp4Type::timestamp_request || type == Icmp4Type::timestamp_reply ||
           (number >= information_request && number <= address_mask_reply);
}

}  // namespace vnet::wire
