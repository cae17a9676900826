// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace vnet::wire {

/// Ports, or ICMP query identifiers, from the first to the last, both included; the first is not
/// above the last. All, unless said otherwise.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;

    /// "80", or the first and the last of several: "8000-8999". INVALID_ARGUMENT says what would be
    /// accepted.
    [[nodiscard]] static absl::StatusOr<PortRange> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] constexpr std::uint32_t size() const noexcept {
        return std::uint32_t{last} - first + 1;
    }
    [[nodiscard]] constexpr bool contains(std::uint16_t port) const noexcept {
        return first <= port && port <= last;
    }
    /// By the first, then by the last.
    friend constexpr auto operator<=>(const PortRange&, const PortRange&) = default;
};

}  // namespace vnet::wire
