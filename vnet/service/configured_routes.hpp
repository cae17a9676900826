// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <set>

#include "api/config/writers.hpp"
#include "vnet/proto/ip4.pb.h"
#include "vnet/router.hpp"

namespace vnet::service {

/// Where a route of the API leads; the sentence says what is missing or too much.
absl::StatusOr<ip4::Via> read_via(Router& router, const sluice::ConfiguredRoute& route);
absl::Status add_route(Router& router, ip4::RouteSource source,
                       const sluice::ConfiguredRoute& route, const ip4::Via& via);
absl::Status remove_route(Router& router, ip4::RouteSource source, const sluice::Ip4Prefix& prefix);

/// The routes of the configuration. The router outlives it. Control thread.
class ConfiguredRoutes {
public:
    explicit ConfiguredRoutes(Router& router) : router_(router) {}

    absl::Status add(const sluice::ConfiguredRoute& route);
    absl::Status remove(const sluice::Ip4Prefix& prefix);
    /// A route whose next hop is this address; nothing where there is none.
    std::optional<wire::Ip4Prefix> leading_to(wire::Ip4Address next_hop);
    void write(const api::config::Emit& emit);

private:
    static constexpr auto source = ip4::RouteSource::configured;

    template <class Visit>
    void visit(const Visit& callback);
    sluice::ConfiguredRoute describe(const wire::Ip4Prefix& prefix, const ip4::Route& route) const;

    Router& router_;
    /// All that there may be, so that nobody need look through a million of others: a route goes
    /// with its interface as well.
    std::set<wire::Ip4Prefix> prefixes_;
};

}  // namespace vnet::service
