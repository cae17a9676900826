// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// UDP header (RFC 768).
struct UdpHeader {
    Be16 source_port;
    Be16 destination_port;
    Be16 length;    ///< header and data, in bytes
    Be16 checksum;  ///< zero: the sender computed none

    /// The length can be true when the IP packet has `available` bytes from this header on.
    [[nodiscard]] constexpr bool length_fits(std::size_t available) const noexcept {
        return length.value() >= sizeof(UdpHeader) && length.value() <= available;
    }
    [[nodiscard]] constexpr bool has_checksum() const noexcept { return checksum != Be16(); }
};
static_assert(WireHeader<UdpHeader> && sizeof(UdpHeader) == 8);

}  // namespace vnet::wire
