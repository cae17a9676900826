// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// Control bits of a TCP segment (RFC 9293 3.1). Combine with operator|.
enum class TcpFlags : std::uint8_t {
    none = 0,
    fin = 0x01,
    syn = 0x02,
    rst = 0x04,
    psh = 0x08,
    ack = 0x10,
    urg = 0x20,
    ece = 0x40,
    cwr = 0x80,
};

[[nodiscard]] constexpr TcpFlags operator|(TcpFlags left, TcpFlags right) noexcept {
    return static_cast<TcpFlags>(static_cast<std::uint8_t>(left) |
                                 static_cast<std::uint8_t>(right));
}
[[nodiscard]] constexpr TcpFlags operator&(TcpFlags left, TcpFlags right) noexcept {
    return static_cast<TcpFlags>(static_cast<std::uint8_t>(left) &
                                 static_cast<std::uint8_t>(right));
}

/// TCP header without options (RFC 9293 3.1).
struct TcpHeader {
    Be16 source_port;
    Be16 destination_port;
    Be32 sequence;
    Be32 acknowledgment;
    std::uint8_t data_offset_reserved = 0x50;
    std::uint8_t flag_bits = 0;
    Be16 window;
    Be16 checksum;
    Be16 urgent_pointer;

    /// Bytes of header and options, 0 to 60, as the segment claims.
    [[nodiscard]] constexpr std::size_t data_offset() const noexcept {
        return std::size_t{data_offset_reserved} / 16 * 4;
    }
    /// The data offset can be true when the IP packet has `available` bytes from this header on.
    [[nodiscard]] constexpr bool data_offset_fits(std::size_t available) const noexcept {
        return data_offset() >= sizeof(TcpHeader) && data_offset() <= available;
    }
    /// Bytes: a multiple of 4 up to 60.
    constexpr void set_data_offset(std::size_t bytes) noexcept {
        data_offset_reserved =
            static_cast<std::uint8_t>((bytes / 4 & 0xf) << 4 | (data_offset_reserved & 0xf));
    }
    [[nodiscard]] constexpr TcpFlags flags() const noexcept {
        return static_cast<TcpFlags>(flag_bits);
    }
    /// All of `wanted` are set.
    [[nodiscard]] constexpr bool has(TcpFlags wanted) const noexcept {
        return (flags() & wanted) == wanted;
    }
};
static_assert(WireHeader<TcpHeader> && sizeof(TcpHeader) == 20);

}  // namespace vnet::wire
