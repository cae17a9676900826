// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "vnet/interface/hot.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::ip6 {

/// Link-local addresses mean something on one link only (RFC 4007 6), and one table holds the
/// routes of all links. In the table, and in what is looked up there, the bits 32 to 63 of such an
/// address, which are zero on every wire, hold the index of the interface. Nothing that leaves the
/// router or is shown to people has them: they are put in before a lookup and taken out of what is
/// read from the routes.

/// `fe80::1` on interface 5 becomes `fe80:0:0:5::1`; other addresses stay as they are.
constexpr wire::Ip6Address scoped(wire::Ip6Address address, interface::Index interface) noexcept {
    return address.is_link_local() ? wire::Ip6Address(address.high() | interface, address.low())
                                   : address;
}

/// The address as it is on a wire.
constexpr wire::Ip6Address unscoped(wire::Ip6Address address) noexcept {
    return address.is_link_local() ? wire::Ip6Address::link_local(address.low()) : address;
}

/// The prefix of a route as people know it.
constexpr wire::Ip6Prefix unscoped(const wire::Ip6Prefix& prefix) noexcept {
    return {unscoped(prefix.address()), prefix.length()};
}

/// The interface that is in a scoped address; 0: in none.
constexpr interface::Index scope_of(wire::Ip6Address address) noexcept {
    return address.is_link_local() ? interface::Index(address.high() & 0xffff'ffff) : 0;
}

/// A link-local address that can be on a wire: fe80::/64, though fe80::/10 is kept for them
/// (RFC 4291 2.5.6).
constexpr bool is_link_local_of_wire(wire::Ip6Address address) noexcept {
    return address.high() == wire::Ip6Address::link_local(0).high();
}

/// From one host to one other, by addresses that mean the same on every link.
constexpr bool is_beyond_link(wire::Ip6Address source, wire::Ip6Address destination) noexcept {
    return source.valid_source() && !source.is_link_local() && !destination.is_multicast() &&
           !destination.is_link_local();
}

}  // namespace vnet::ip6
