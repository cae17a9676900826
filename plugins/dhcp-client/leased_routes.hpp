// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "plugins/dhcp-client/message.hpp"
#include "vnet/fib/fibs.hpp"
#include "vnet/ip4/fib.hpp"

namespace dhcp_client {

/// The routes that all leases of interfaces of one VRF bring. Several may lead to one network: that
/// of the lowest preference is used, of those the interface made first, and the next when it goes.
/// Control thread.
class LeasedRoutes {
public:
    using Index = vnet::interface::Index;

    using Fibs = vnet::fib::Fibs<vnet::ip4::Family>;

    /// The tables outlive it; the VRF is there while there are routes.
    LeasedRoutes(Fibs& fibs, vnet::interface::Vrf vrf) : fibs_(fibs), vrf_(vrf) {}

    /// In the place of those that the interface had. The first error, a sentence; the others are
    /// there all the same.
    absl::Status set(Index interface, uint8_t preference, const std::vector<StaticRoute>& routes);

private:
    /// By preference and interface.
    using Candidates = std::map<std::pair<uint8_t, Index>, Ip4Address>;
    absl::Status publish(const Ip4Prefix& prefix);

    Fibs& fibs_;
    const vnet::interface::Vrf vrf_;
    std::map<Ip4Prefix, Candidates> wanted_;
};

}  // namespace dhcp_client
