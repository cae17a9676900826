// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <type_traits>
#include <utility>

namespace vnet::wire {

/// Reverses the bytes of an unsigned integer.
template <std::unsigned_integral Host>
[[nodiscard]] constexpr Host byte_swap(Host value) noexcept {
    if constexpr (sizeof(Host) == 1) {
        return value;
    } else if constexpr (sizeof(Host) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(Host) == 4) {
        return __builtin_bswap32(value);
    } else {
        static_assert(sizeof(Host) == 8);
        return __builtin_bswap64(value);
    }
}

/// An unsigned integer in network byte order, as it lies in a packet. Alignment 1, no implicit
/// conversion in either direction, compared only with its own kind. Zero unless said otherwise.
template <std::unsigned_integral Host>
class Be {
public:
    constexpr Be() noexcept = default;

    /// From a number of the host.
    explicit constexpr Be(Host value) noexcept
        : bytes_(std::bit_cast<Bytes>(std::endian::native == std::endian::little ? byte_swap(value)
                                                                                 : value)) {}

    /// From an integer whose bytes in memory are already in network order (what C APIs call be16).
    [[nodiscard]] static constexpr Be from_network(Host in_memory) noexcept {
        Be result;
        result.bytes_ = std::bit_cast<Bytes>(in_memory);
        return result;
    }

    /// The number, in host order.
    [[nodiscard]] constexpr Host value() const noexcept {
        const Host in_memory = std::bit_cast<Host>(bytes_);
        return std::endian::native == std::endian::little ? byte_swap(in_memory) : in_memory;
    }

    /// The bytes as they lie in memory, taken as an integer: for C APIs and for sums that do not
    /// care about byte order.
    [[nodiscard]] constexpr Host network() const noexcept { return std::bit_cast<Host>(bytes_); }

    friend constexpr bool operator==(Be left, Be right) noexcept {
        return left.network() == right.network();
    }

    template <class Hash>
    friend Hash AbslHashValue(Hash state, Be be) {
        return Hash::combine(std::move(state), be.network());
    }

    /// Prints the number in decimal; for test messages.
    template <class Traits>
    friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                                        Be be) {
        return out << be.value();
    }

private:
    using Bytes = std::array<std::uint8_t, sizeof(Host)>;
    Bytes bytes_{};
};

using Be16 = Be<std::uint16_t>;
using Be32 = Be<std::uint32_t>;
using Be64 = Be<std::uint64_t>;

static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1 && std::is_trivially_copyable_v<Be16>);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1 && std::is_trivially_copyable_v<Be32>);
static_assert(sizeof(Be64) == 8 && alignof(Be64) == 1 && std::is_trivially_copyable_v<Be64>);

}  // namespace vnet::wire
