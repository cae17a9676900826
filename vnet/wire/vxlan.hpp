// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::wire {

/// Networks are numbered with 24 bits in VXLAN and in Geneve.
inline constexpr std::uint32_t highest_vni = 0xff'ffff;

/// VXLAN header, between UDP and an Ethernet frame (RFC 7348 5).
struct VxlanHeader {
    /// Of the UDP destination, by default.
    static constexpr std::uint16_t port = 4789;
    static constexpr std::uint32_t vni_flag = 0x0800'0000;

    Be32 flags = Be32(vni_flag);
    /// The number, and eight bits that are sent as zero and not looked at.
    Be32 vni_reserved;

    /// Without it the header belongs to no network.
    [[nodiscard]] constexpr bool has_vni() const noexcept {
        return (flags.value() & vni_flag) != 0;
    }
    [[nodiscard]] constexpr std::uint32_t vni() const noexcept { return vni_reserved.value() >> 8; }
    [[nodiscard]] static constexpr VxlanHeader make(std::uint32_t vni) noexcept {
        VxlanHeader header;
        header.vni_reserved = Be32(vni << 8);
        return header;
    }
};
static_assert(WireHeader<VxlanHeader> && sizeof(VxlanHeader) == 8);

}  // namespace vnet::wire
