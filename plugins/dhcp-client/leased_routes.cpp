// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/leased_routes.hpp"

#include <set>

namespace dhcp_client {

using vnet::ip4::RouteSource;
using vnet::ip4::Via;

absl::Status LeasedRoutes::set(Index interface, uint8_t preference,
                               const std::vector<StaticRoute>& routes) {
    std::set<Ip4Prefix> touched;
    for (auto& [prefix, candidates] : wanted_) {
        if (std::erase_if(candidates,
                          [&](const auto& one) { return one.first.second == interface; }) != 0) {
            touched.insert(prefix);
        }
    }
    for (const StaticRoute& route : routes) {
        wanted_[route.prefix][{preference, interface}] = route.router;
        touched.insert(route.prefix);
    }
    absl::Status first;
    for (const Ip4Prefix& prefix : touched) {
        first.Update(publish(prefix));
    }
    return first;
}

absl::Status LeasedRoutes::publish(const Ip4Prefix& prefix) {
    const auto found = wanted_.find(prefix);
    if (found->second.empty()) {
        wanted_.erase(found);
        // It may have gone with its interface already.
        (void)fibs_.of(vrf_).remove(prefix, RouteSource::dhcp);
        return absl::OkStatus();
    }
    const auto& [key, router] = *found->second.begin();
    Via via;
    via.kind = router.is_unspecified() ? Via::Kind::connected : Via::Kind::next_hop;
    via.interface = key.second;
    via.next_hop = router;
    return fibs_.of(vrf_).add(prefix, RouteSource::dhcp, via, key.first);
}

}  // namespace dhcp_client
