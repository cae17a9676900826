// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// What each GRE header begins with (RFC 2784 2.1); checksum, key and sequence number follow, each
/// four bytes, where their bits say so (RFC 2890 2).
struct GreHeader {
    static constexpr std::uint16_t checksum_bit = 0x8000;
    static constexpr std::uint16_t key_bit = 0x2000;
    static constexpr std::uint16_t sequence_bit = 0x1000;
    /// Source routing and recursion of RFC 1701: what has them is dropped by who does not do them
    /// (RFC 2784 2.2).
    static constexpr std::uint16_t refused_bits = 0x4c00;
    static constexpr std::uint16_t version_bits = 0x0007;

    Be16 flags_version;
    /// An EtherType.
    Be16 protocol;

    [[nodiscard]] constexpr bool has(std::uint16_t bit) const noexcept {
        return (flags_version.value() & bit) != 0;
    }
    /// Bytes of the whole header: 4 to 16.
    [[nodiscard]] constexpr std::size_t length() const noexcept {
        return sizeof(GreHeader) +
               4 * (std::size_t{has(checksum_bit)} + has(key_bit) + has(sequence_bit));
    }
};
static_assert(WireHeader<GreHeader> && sizeof(GreHeader) == 4);

/// Why a GRE packet is not taken in.
enum class GreFault : std::uint8_t { none, truncated, version, source_routing };

/// A GRE header with what is optional.
struct GreFields {
    std::size_t length = 0;
    std::uint16_t protocol = 0;
    std::optional<std::uint32_t> key;
    std::optional<std::uint32_t> sequence;
    /// There is one, over this header and all that follows: the reader's to check.
    bool has_checksum = false;
};

struct GreVerdict {
    GreFields fields;
    GreFault fault = GreFault::none;
};

/// Reads the header at the start of `packet`, what IP carried.
[[nodiscard]] GreVerdict read_gre(std::span<const std::byte> packet) noexcept;

}  // namespace vnet::wire
