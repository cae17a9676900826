// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::wire {

/// What a frame carries (IEEE 802 numbers). Other values are to be expected.
enum class EtherType : std::uint16_t {
    ip4 = 0x0800,
    arp = 0x0806,
    vlan = 0x8100,  ///< IEEE 802.1Q customer tag
    ip6 = 0x86dd,
    mpls = 0x8847,
    qinq = 0x88a8,  ///< IEEE 802.1ad service tag
    lldp = 0x88cc,
    experimental = 0x88b5,  ///< IEEE 802 local experimental
};

/// A type field below this is a length: the frame is IEEE 802.3 with LLC (RFC 1122 2.3.3).
inline constexpr std::uint16_t lowest_ether_type = 0x0600;
/// The shortest frame on a wire, its check sequence not counted.
inline constexpr std::size_t shortest_ethernet_frame = 60;

[[nodiscard]] constexpr Be16 to_be(EtherType type) noexcept {
    return Be16(static_cast<std::uint16_t>(type));
}

/// The word shown to people; empty for a type without one.
[[nodiscard]] constexpr std::string_view name(EtherType type) noexcept {
    switch (type) {
        case EtherType::ip4:
            return "ip4";
        case EtherType::arp:
            return "arp";
        case EtherType::vlan:
            return "vlan";
        case EtherType::ip6:
            return "ip6";
        case EtherType::mpls:
            return "mpls";
        case EtherType::qinq:
            return "qinq";
        case EtherType::lldp:
            return "lldp";
        case EtherType::experimental:
            return "experimental";
    }
    return {};
}

/// Ethernet II header (RFC 894).
struct EthernetHeader {
    MacAddress destination;
    MacAddress source;
    Be16 type;

    [[nodiscard]] constexpr EtherType ether_type() const noexcept {
        return static_cast<EtherType>(type.value());
    }
    [[nodiscard]] constexpr bool is_llc() const noexcept {
        return type.value() < lowest_ether_type;
    }
};
static_assert(WireHeader<EthernetHeader> && sizeof(EthernetHeader) == 14);

/// What follows a type of vlan or qinq: the control information and the type of what is tagged
/// (IEEE 802.1Q 9.6).
struct VlanTag {
    Be16 control;
    Be16 type;

    [[nodiscard]] static constexpr Be16 make_control(std::uint16_t id, std::uint8_t priority = 0,
                                                     bool drop_eligible = false) noexcept {
        return Be16(static_cast<std::uint16_t>((priority & 7) << 13 | (drop_eligible ? 0x1000 : 0) |
                                               (id & 0xfff)));
    }
    /// 0 is a priority tag without a VLAN; 4095 is reserved.
    [[nodiscard]] constexpr std::uint16_t id() const noexcept { return control.value() & 0xfff; }
    [[nodiscard]] constexpr std::uint8_t priority() const noexcept {
        return static_cast<std::uint8_t>(control.value() >> 13);
    }
    [[nodiscard]] constexpr bool drop_eligible() const noexcept {
        return (control.value() & 0x1000) != 0;
    }
    /// Changes the VLAN and leaves priority and drop eligibility.
    constexpr void set_id(std::uint16_t id) noexcept {
        control = Be16(static_cast<std::uint16_t>((control.value() & 0xf000) | (id & 0xfff)));
    }
    [[nodiscard]] constexpr EtherType ether_type() const noexcept {
        return static_cast<EtherType>(type.value());
    }
};
static_assert(WireHeader<VlanTag> && sizeof(VlanTag) == 4);

}  // namespace vnet::wire
