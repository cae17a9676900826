// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "vnet/wire/ip_protocol.hpp"

/// Explicit congestion notification across a tunnel (RFC 6040).
namespace vnet::wire {

/// What the outer header says on the way in, in normal mode (RFC 6040 4.1): what the inner one
/// does.
[[nodiscard]] constexpr Ecn ecn_into_tunnel(Ecn inner) noexcept {
    return inner;
}

/// What the inner header is to say on the way out (RFC 6040 4.2): congestion on the way counts, and
/// so does a lower level of it. Nothing where the packet is to be dropped: there was congestion,
/// and its sender understands no other sign.
[[nodiscard]] constexpr std::optional<Ecn> ecn_out_of_tunnel(Ecn inner, Ecn outer) noexcept {
    if (inner == Ecn::not_capable) {
        return outer == Ecn::congested ? std::nullopt : std::optional(inner);
    }
    const bool is_news =
        outer == Ecn::congested || (inner == Ecn::capable_0 && outer == Ecn::capable_1);
    return is_news ? outer : inner;
}

}  // namespace vnet::wire
