// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "plugins/dhcp-client/message.hpp"
#include "vnet/ip4/fib.hpp"

namespace dhcp_client {

/// The routes that all leases bring. Several may lead to one network: that of the lowest preference
/// is used, of those the interface made first, and the next when it goes. Control thread.
class LeasedRoutes {
public:
    using Index = vnet::interface::Index;

    /// The table outlives it.
    explicit LeasedRoutes(vnet::ip4::Fib& fib) : fib_(fib) {}

    /// In the place of those that the interface had. The first error, a sentence; the others are
    /// there all the same.
    absl::Status set(Index interface, uint8_t preference, const std::vector<StaticRoute>& routes);

private:
    /// By preference and interface.
    using Candidates = std::map<std::pair<uint8_t, Index>, Ip4Address>;
    absl::Status publish(const Ip4Prefix& prefix);

    vnet::ip4::Fib& fib_;
    std::map<Ip4Prefix, Candidates> wanted_;
};

}  // namespace dhcp_client
