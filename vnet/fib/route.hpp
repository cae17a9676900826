// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "vnet/fib/bucket_tables.hpp"
#include "vnet/interface/hot.hpp"

namespace vnet::fib {

/// Who wants a route. One prefix may have one route from each; the one with the lowest preference
/// is used.
enum class RouteSource : uint8_t {
    /// An address of the router.
    address,
    /// An operator: part of the configuration.
    configured,
    /// A neighbour that was resolved.
    neighbor,
    /// A controller, in batches: its own to keep and to bring again.
    loaded,
    /// A DHCP client: as long as its lease.
    dhcp,
    /// A translator of addresses: what it speaks by comes to the router.
    translation,
    /// A tunnel: what its other end sends comes to the router, to be taken out.
    tunnel,
};
std::string_view name(RouteSource source);
/// Preference of a route where nothing else is said: 0 address and tunnel, 5 translation, 10
/// configured, 20 loaded, 100 dhcp, 250 neighbor.
uint8_t default_preference(RouteSource source);

/// What a route does with its packets.
enum class ViaKind : uint8_t {
    /// To a router or host: by `interface`, or, where that is 0, by the route that covers it
    /// (recursive).
    next_hop,
    /// To whatever is on the link of `interface`.
    connected,
    /// To the router itself.
    local,
    blackhole,
    prohibit,
    unreachable,
    /// To the router itself, as the broadcast address of the network on the link of `interface`.
    broadcast,
    /// To the router itself, which looks for tunnels there.
    tunnel,
    /// To wherever the routes of another VRF lead.
    vrf,
    /// To the next hops of a group, each flow to one of them.
    group,
};
std::string_view name(ViaKind kind);

/// Where a route leads.
template <class Address>
struct Via {
    using Kind = ViaKind;
    Kind kind = Kind::next_hop;
    /// The VRF that packets are looked up in again, of kind `vrf`.
    interface::Vrf vrf = interface::default_vrf;
    /// Of Kind::group.
    GroupIndex group = 0;
    interface::Index interface = 0;
    Address next_hop;

    Via() = default;
    Via(Kind to, interface::Index by = 0, Address hop = {})
        : kind(to), interface(by), next_hop(hop) {}
    static Via look_up(interface::Vrf vrf) {
        Via via(Kind::vrf);
        via.vrf = vrf;
        return via;
    }
    static Via to_group(GroupIndex group) {
        Via via(Kind::group, 0, {});
        via.group = group;
        return via;
    }

    /// To a next hop whose interface is found by a lookup of its own.
    bool is_recursive() const noexcept { return kind == Kind::next_hop && interface == 0; }
    friend bool operator==(const Via&, const Via&) = default;
};

template <class Address>
struct Route {
    RouteSource source;
    uint8_t preference;
    Via<Address> via;
    friend bool operator==(const Route&, const Route&) = default;
};

}  // namespace vnet::fib
