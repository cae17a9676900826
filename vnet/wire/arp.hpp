// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::wire {

enum class ArpOperation : std::uint16_t { request = 1, reply = 2 };

/// ARP for IPv4 over Ethernet (RFC 826), the whole packet.
struct ArpHeader {
    static constexpr Be16 ethernet_hardware{1};

    Be16 hardware_type;
    Be16 protocol_type;
    std::uint8_t hardware_length = 0;
    std::uint8_t protocol_length = 0;
    Be16 operation;
    MacAddress sender_mac;
    Ip4Address sender_ip;
    MacAddress target_mac;
    Ip4Address target_ip;

    /// A header whose fixed fields are right.
    [[nodiscard]] static constexpr ArpHeader make(ArpOperation operation) noexcept {
        ArpHeader header;
        header.hardware_type = ethernet_hardware;
        header.protocol_type = to_be(EtherType::ip4);
        header.hardware_length = sizeof(MacAddress);
        header.protocol_length = sizeof(Ip4Address);
        header.operation = Be16(static_cast<std::uint16_t>(operation));
        return header;
    }

    [[nodiscard]] constexpr bool is_request() const noexcept {
        return operation == Be16(static_cast<std::uint16_t>(ArpOperation::request));
    }
    [[nodiscard]] constexpr bool is_reply() const noexcept {
        return operation == Be16(static_cast<std::uint16_t>(ArpOperation::reply));
    }
    /// Asks whether an address is taken, before it is used (RFC 5227 2.1).
    [[nodiscard]] constexpr bool is_probe() const noexcept {
        return is_request() && sender_ip.is_unspecified();
    }
    /// Tells of an address unasked: sender and target are the same (RFC 5227 2.3).
    [[nodiscard]] constexpr bool is_announcement() const noexcept {
        return sender_ip == target_ip && !sender_ip.is_unspecified();
    }
};
static_assert(WireHeader<ArpHeader> && sizeof(ArpHeader) == 28);

/// What is wrong with an ARP packet; each value is one drop reason.
enum class ArpFault : std::uint8_t {
    none,
    truncated,        ///< fewer than 28 bytes
    hardware_type,    ///< not Ethernet
    protocol_type,    ///< not IPv4
    hardware_length,  ///< not 6
    protocol_length,  ///< not 4
    operation,        ///< neither request nor reply
    sender_mac,       ///< zero or a group address: no station owns it
    sender_ip,  ///< cannot be one host's address; 0.0.0.0 is right in a request only (a probe)
};

/// The kebab-case word for counters.
[[nodiscard]] constexpr std::string_view name(ArpFault fault) noexcept {
    switch (fault) {
        case ArpFault::none:
            return "none";
        case ArpFault::truncated:
            return "truncated";
        case ArpFault::hardware_type:
            return "hardware-type";
        case ArpFault::protocol_type:
            return "protocol-type";
        case ArpFault::hardware_length:
            return "hardware-length";
        case ArpFault::protocol_length:
            return "protocol-length";
        case ArpFault::operation:
            return "operation";
        case ArpFault::sender_mac:
            return "sender-mac";
        case ArpFault::sender_ip:
            return "sender-ip";
    }
    return {};
}

/// The first malformation of a packet, in the order of RFC 826 "Packet Reception", then of the
/// sender.
[[nodiscard]] constexpr ArpFault check(const ArpHeader& arp) noexcept {
    if (arp.hardware_type != ArpHeader::ethernet_hardware) {
        return ArpFault::hardware_type;
    }
    if (arp.hardware_length != sizeof(MacAddress)) {
        return ArpFault::hardware_length;
    }
    if (arp.protocol_type != to_be(EtherType::ip4)) {
        return ArpFault::protocol_type;
    }
    if (arp.protocol_length != sizeof(Ip4Address)) {
        return ArpFault::protocol_length;
    }
    if (!arp.is_request() && !arp.is_reply()) {
        return ArpFault::operation;
    }
    if (!arp.sender_mac.is_unicast()) {
        return ArpFault::sender_mac;
    }
    if (!arp.sender_ip.valid_source() && !arp.is_probe()) {
        return ArpFault::sender_ip;
    }
    return ArpFault::none;
}

/// An ARP packet and the verdict on it: the header is null when truncated.
struct CheckedArp {
    const ArpHeader* header = nullptr;
    ArpFault fault = ArpFault::truncated;
};

/// Checks what follows the Ethernet header; padding behind the packet is allowed.
[[nodiscard]] inline CheckedArp check_arp(std::span<const std::byte> bytes) noexcept {
    const auto* header = view<ArpHeader>(bytes);
    return {header, header == nullptr ? ArpFault::truncated : check(*header)};
}

}  // namespace vnet::wire
