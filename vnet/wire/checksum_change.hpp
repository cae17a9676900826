// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "vnet/wire/checksum.hpp"

namespace vnet::wire {

/// What changes of fields, each at an even offset, do to the checksums that cover them (RFC 1624
/// eqn 3). Collected once and applied to several: an address is covered by IP's checksum and by
/// TCP's.
class ChecksumChange {
public:
    constexpr ChecksumChange& add(Be16 before, Be16 after) noexcept {
        sum_ += std::uint64_t{static_cast<std::uint16_t>(~before.network())} + after.network();
        return *this;
    }
    constexpr ChecksumChange& add(Be32 before, Be32 after) noexcept {
        sum_ += std::uint64_t{static_cast<std::uint32_t>(~before.network())} + after.network();
        return *this;
    }
    constexpr ChecksumChange& add(Ip4Address before, Ip4Address after) noexcept {
        return add(before.network(), after.network());
    }

    /// The checksum after the change; a wrong one stays wrong by as much. Where 0 and 0xffff mean
    /// the same it is 0, which is right unless all that is covered has become zero (RFC 1624 3).
    [[nodiscard]] constexpr Be16 apply(Be16 checksum) const noexcept {
        return Be16::from_network(static_cast<std::uint16_t>(
            ~detail::fold(sum_ + static_cast<std::uint16_t>(~checksum.network()))));
    }

private:
    std::uint64_t sum_ = 0;
};

}  // namespace vnet::wire
