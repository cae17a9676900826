// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "vnet/interface/hot.hpp"
#include "vnet/ip4/family.hpp"
#include "vnet/ip6/family.hpp"
#include "vnet/wire/port_range.hpp"

namespace vnet::classify {

/// What differs between the address families.
struct Ip4 : ip4::Family {
    using Header = wire::Ip4Header;
    /// Four-byte words of an address.
    static constexpr unsigned words = 1;
    /// More would keep control for longer than half a second.
    static constexpr size_t most_rules = 10'000;
};
struct Ip6 : ip6::Family {
    using Header = wire::Ip6Header;
    static constexpr unsigned words = 4;
    static constexpr size_t most_rules = 2'000;
};

/// What is asked of packets of one family; what is left out matches all.
template <class Family>
struct Rule {
    std::optional<typename Family::Prefix> from;
    std::optional<typename Family::Prefix> to;
    /// Of the upper layer, behind IPv6 extension headers.
    std::optional<uint8_t> protocol;
    std::optional<wire::PortRange> source_ports;
    std::optional<wire::PortRange> destination_ports;
    /// 0 to 63.
    std::optional<uint8_t> dscp;
    /// Of IEEE 802.1Q, 0 to 7.
    std::optional<uint8_t> priority;
    /// The interface that it came in by.
    std::optional<interface::Index> rx_interface;
    /// The mark that it has, up to 2^23 - 1.
    std::optional<uint32_t> mark;

    bool asks_for_ports() const noexcept { return source_ports || destination_ports; }
    /// The packet's upper layer is looked at, so that packets have to carry their ports
    /// (fragment::Fragments::use_ports).
    bool asks_for_upper() const noexcept { return protocol || asks_for_ports(); }
};

}  // namespace vnet::classify
