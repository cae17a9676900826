// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "vnet/interface/table.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::icmp6 {

/// Of what the router sends of itself beyond a link.
inline constexpr uint8_t initial_hop_limit = 64;

/// The address that the router answers `peer` from, who was heard on an interface (RFC 6724 5 in
/// short): its link-local one for a peer on the link, else a global one. `::` where it has none.
inline wire::Ip6Address source_for(const interface::Table& interfaces, interface::Index interface,
                                   wire::Ip6Address peer) noexcept {
    if (interface >= graph::max_interfaces) {
        return {};
    }
    const interface::Hot& hot = interfaces.hot(interface);
    if (!peer.is_link_local()) {
        return hot.ip6_source.load();
    }
    const uint64_t id = hot.ip6_interface_id.load(std::memory_order_relaxed);
    return id == 0 ? wire::Ip6Address() : wire::Ip6Address::link_local(id);
}

}  // namespace vnet::icmp6
