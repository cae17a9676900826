// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vnet/interface/hot.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/wire/flow_hash.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::ip4 {

/// What the templates of vnet/fib and vnet/neighbor need to know of IPv4.
struct Family {
    using Address = wire::Ip4Address;
    using Prefix = wire::Ip4Prefix;
    using Table = Dir24;
    static constexpr std::string_view name = "IPv4";
    static constexpr std::string_view resolve_node = "ip4-resolve";
    static constexpr std::string_view lookup_vrf_node = "ip4-lookup-vrf";
    static constexpr std::string_view balance_node = "ip4-load-balance";

    static Address before(Address address) noexcept { return Address(address.value() - 1); }
    static Address after(Address address) noexcept { return Address(address.value() + 1); }

    /// Longer prefixes share a block of the table with others of the same length.
    static constexpr uint8_t block_length = 24;
    /// Blocks are kept till the last long prefix in them goes: so a removal needs no room.
    static bool paint(Table& table, Address first, Address last, fib::PathIndex path, bool) {
        return table.paint(first.value(), last.value(), path);
    }
    static fib::PathIndex look_up(const Table& table, Address address) noexcept {
        return table.lookup(address.value());
    }
    /// What a paint was refused for.
    static std::string table_full() {
        return fmt::format("prefixes longer than 24 bits fill {} blocks", Table::max_blocks);
    }
    static void join(Table& table, Address address) { table.join(address.value()); }

    /// Addresses mean the same on every link.
    static constexpr bool is_of_link(Address) noexcept { return false; }
    static constexpr Address scoped(Address address, interface::Index) noexcept { return address; }
    static constexpr Address unscoped(Address address) noexcept { return address; }
    static constexpr Prefix unscoped(const Prefix& prefix) noexcept { return prefix; }

    static std::optional<Address> destination(std::span<const std::byte> packet) noexcept {
        const auto* ip = wire::view<wire::Ip4Header>(packet);
        return ip == nullptr ? std::nullopt : std::optional(ip->destination);
    }
    /// Who sent a packet, as a number.
    static uint64_t sender(std::span<const std::byte> packet) noexcept {
        const auto* ip = wire::view<wire::Ip4Header>(packet);
        return ip == nullptr ? 0 : ip->source.value();
    }
    /// Of a packet from its IP header on: the same for all packets of a flow, 0 for no packet.
    static std::uint32_t flow_hash(std::span<const std::byte> packet, std::uint64_t seed) noexcept {
        const auto* ip = wire::view<wire::Ip4Header>(packet);
        return ip == nullptr ? 0 : wire::flow_hash(*ip, packet, seed);
    }
    /// Of an adjacency's next hop.
    static Address from_next_hop(wire::Ip6Address mapped) noexcept {
        return Address(uint32_t(mapped.low()));
    }

    /// An address is used as soon as it is given.
    static constexpr bool detects_duplicates = false;
    static constexpr bool has_broadcast = true;
    /// The first address is what ICMP errors come from.
    static void note(interface::Hot& hot, const std::vector<Prefix>& addresses) {
        hot.ip4_address.store(addresses.empty() ? 0 : addresses.front().address().value(),
                              std::memory_order_relaxed);
    }
    /// What an address of a network is that no host may have.
    static std::string_view what_is(const Prefix& prefix, Address address) noexcept {
        return prefix.is_broadcast(address) ? "broadcast" : "network";
    }
    /// May be given to one host in its network.
    static bool is_host(const Prefix& prefix, Address address) noexcept {
        return prefix.is_host(address);
    }
};

}  // namespace vnet::ip4
