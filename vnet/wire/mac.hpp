// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/hash/hash.h>
#include <absl/status/statusor.h>
#include <fmt/core.h>

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// A 48-bit Ethernet address (IEEE 802). All zero unless said otherwise.
class MacAddress {
public:
    constexpr MacAddress() noexcept = default;
    explicit constexpr MacAddress(const std::array<std::uint8_t, 6>& bytes) noexcept
        : bytes_(bytes) {}

    [[nodiscard]] static constexpr MacAddress broadcast() noexcept {
        return from_uint64(0xffff'ffff'ffff);
    }

    /// The first byte on the wire is the highest of the 48 bits; higher bits are ignored.
    [[nodiscard]] static constexpr MacAddress from_uint64(std::uint64_t number) noexcept {
        return std::bit_cast<MacAddress>(Parts{Be16(static_cast<std::uint16_t>(number >> 32)),
                                               Be32(static_cast<std::uint32_t>(number))});
    }
    [[nodiscard]] constexpr std::uint64_t to_uint64() const noexcept {
        const auto parts = std::bit_cast<Parts>(*this);
        return std::uint64_t{parts.high.value()} << 32 | parts.low.value();
    }

    /// Six pairs of hex digits with colons between, in either case. The error names what is wrong.
    [[nodiscard]] static absl::StatusOr<MacAddress> parse(std::string_view text);
    /// Lower case, with colons.
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] constexpr const std::array<std::uint8_t, 6>& bytes() const noexcept {
        return bytes_;
    }

    /// A group address: multicast or broadcast.
    [[nodiscard]] constexpr bool is_multicast() const noexcept { return (bytes_[0] & 1) != 0; }
    [[nodiscard]] constexpr bool is_broadcast() const noexcept { return *this == broadcast(); }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == MacAddress(); }
    [[nodiscard]] constexpr bool is_locally_administered() const noexcept {
        return (bytes_[0] & 2) != 0;
    }
    /// What one station may own and send from: neither a group address nor zero.
    [[nodiscard]] constexpr bool is_unicast() const noexcept {
        return !is_multicast() && !is_zero();
    }

    friend constexpr bool operator==(const MacAddress& left, const MacAddress& right) noexcept {
        return left.to_uint64() == right.to_uint64();
    }
    friend constexpr std::strong_ordering operator<=>(const MacAddress& left,
                                                      const MacAddress& right) noexcept {
        return left.to_uint64() <=> right.to_uint64();
    }
    template <class Hash>
    friend Hash AbslHashValue(Hash state, const MacAddress& mac) {
        return Hash::combine(std::move(state), mac.to_uint64());
    }

private:
    struct Parts {
        Be16 high;
        Be32 low;
    };
    std::array<std::uint8_t, 6> bytes_{};
};

static_assert(WireHeader<MacAddress> && sizeof(MacAddress) == 6);

std::ostream& operator<<(std::ostream& out, const MacAddress& mac);

}  // namespace vnet::wire

template <>
struct std::hash<vnet::wire::MacAddress> {
    std::size_t operator()(const vnet::wire::MacAddress& mac) const noexcept {
        return absl::HashOf(mac);
    }
};

template <>
struct fmt::formatter<vnet::wire::MacAddress> : fmt::formatter<fmt::string_view> {
    template <class Context>
    auto format(const vnet::wire::MacAddress& mac, Context& context) const {
        return fmt::formatter<fmt::string_view>::format(mac.to_string(), context);
    }
};
