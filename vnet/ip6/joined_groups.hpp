// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "vnet/ip6/addresses.hpp"
#include "vnet/membership/joined_groups.hpp"

namespace vnet::ip6 {

/// The multicast groups that the router listens to, by interface (RFC 4291 2.8): all nodes and all
/// routers where IPv6 is enabled, the solicited-node group of each of its addresses, tentative ones
/// too, and what parts of the router join.
class JoinedGroups : public membership::JoinedGroups<wire::Ip6Address> {
public:
    using membership::JoinedGroups<wire::Ip6Address>::JoinedGroups;

    /// Joins what follows from addresses, from now on: to be called once, before there are any.
    /// Must outlive `addresses`. Control thread.
    void follow(Addresses& addresses);

private:
    /// Interfaces whose addresses made it join what all routers do.
    std::set<interface::Index> enabled_;
};

}  // namespace vnet::ip6
