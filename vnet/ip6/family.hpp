// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vnet/interface/hot.hpp"
#include "vnet/ip6/range_table.hpp"
#include "vnet/ip6/scope.hpp"
#include "vnet/wire/flow_hash.hpp"
#include "vnet/wire/ip6_header.hpp"

namespace vnet::ip6 {

/// What the templates of vnet/fib and vnet/neighbor need to know of IPv6.
struct Family {
    using Address = wire::Ip6Address;
    using Prefix = wire::Ip6Prefix;
    using Table = RangeTable;
    static constexpr std::string_view name = "IPv6";
    static constexpr std::string_view resolve_node = "ip6-resolve";
    static constexpr std::string_view lookup_vrf_node = "ip6-lookup-vrf";
    static constexpr std::string_view balance_node = "ip6-load-balance";

    static Address before(Address address) noexcept {
        return {address.high() - (address.low() == 0), address.low() - 1};
    }
    static Address after(Address address) noexcept {
        return {address.high() + (address.low() == ~uint64_t(0)), address.low() + 1};
    }

    /// The table has no blocks: what is the same on both sides of a bound is joined at once.
    static constexpr uint8_t block_length = Prefix::longest;
    static bool paint(Table& table, Address first, Address last, fib::PathIndex path,
                      bool removal) {
        return table.paint(first, last, path, removal ? Table::Room::all : Table::Room::shared);
    }
    static fib::PathIndex look_up(const Table& table, Address address) noexcept {
        return table.lookup(address);
    }
    /// What a paint was refused for.
    static std::string table_full() { return "the lookup table has no node left"; }
    static void join(Table&, Address) {}

    /// There may be the same one on every link.
    static constexpr bool is_of_link(Address address) noexcept { return address.is_link_local(); }
    static constexpr Address scoped(Address address, interface::Index interface) noexcept {
        return ip6::scoped(address, interface);
    }
    static constexpr Address unscoped(Address address) noexcept { return ip6::unscoped(address); }
    static constexpr Prefix unscoped(const Prefix& prefix) noexcept {
        return ip6::unscoped(prefix);
    }

    static std::optional<Address> destination(std::span<const std::byte> packet) noexcept {
        const auto* ip = wire::view<wire::Ip6Header>(packet);
        return ip == nullptr ? std::nullopt : std::optional(ip->destination);
    }
    /// Who sent a packet, as a number.
    static uint64_t sender(std::span<const std::byte> packet) noexcept {
        const auto* ip = wire::view<wire::Ip6Header>(packet);
        return ip == nullptr ? 0 : wire::detail::fold(ip->source);
    }
    /// Of a packet from its IP header on: the same for all packets of a flow, 0 for no packet.
    static std::uint32_t flow_hash(std::span<const std::byte> packet, std::uint64_t seed) noexcept {
        const auto* ip = wire::view<wire::Ip6Header>(packet);
        return ip == nullptr ? 0 : wire::flow_hash(*ip, packet, seed);
    }
    /// Of an adjacency's next hop.
    static Address from_next_hop(Address address) noexcept { return address; }

    /// An address is tentative until nobody else was found to have it (RFC 4862 5.4).
    static constexpr bool detects_duplicates = true;
    static constexpr bool has_broadcast = false;
    /// What workers need is noted when an address is assigned.
    static void note(interface::Hot&, const std::vector<Prefix>&) {}
    /// What an address of a network is that no host may have.
    static std::string_view what_is(const Prefix&, Address) noexcept { return "subnet-router"; }
    /// May be given to one host in its network.
    static bool is_host(const Prefix& prefix, Address address) noexcept {
        return prefix.contains(address) && !prefix.is_subnet_router(address);
    }
};

}  // namespace vnet::ip6
