// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <set>
#include <tuple>

#include "api/config/writers.hpp"
#include "vnet/proto/ip.pb.h"
#include "vnet/router.hpp"

namespace vnet::service {

/// Where a route of the API leads, of the family of its prefix; the sentence says what is missing
/// or too much.
template <class Family>
absl::StatusOr<fib::Via<typename Family::Address>> read_via(Router& router,
                                                            const sluice::ConfiguredRoute& route);
template <class Family>
absl::Status add_route(Router& router, fib::RouteSource source,
                       const typename Family::Prefix& prefix, const sluice::ConfiguredRoute& route,
                       const fib::Via<typename Family::Address>& via);
template <class Family>
absl::Status remove_route(Router& router, fib::RouteSource source,
                          const typename Family::Prefix& prefix);

/// The routes of the configuration. The router outlives it. Control thread.
class ConfiguredRoutes {
public:
    explicit ConfiguredRoutes(Router& router) : router_(router) {}

    absl::Status add(const sluice::ConfiguredRoute& route);
    absl::Status remove(const sluice::IpPrefix& prefix);
    template <class Prefix>
    struct Leading {
        Prefix prefix;
        /// 0 where the route does not name it.
        interface::Index interface;
    };
    /// A route whose next hop is this address; nothing where there is none.
    std::optional<Leading<wire::Ip4Prefix>> leading_to(wire::Ip4Address next_hop) {
        return find<ip4::Family>(next_hop);
    }
    std::optional<Leading<wire::Ip6Prefix>> leading_to(wire::Ip6Address next_hop) {
        return find<ip6::Family>(next_hop);
    }
    void write(const api::config::Emit& emit);

private:
    static constexpr auto source = fib::RouteSource::configured;

    template <class Family>
    std::set<typename Family::Prefix>& prefixes() {
        return std::get<std::set<typename Family::Prefix>>(prefixes_);
    }
    template <class Family>
    std::optional<Leading<typename Family::Prefix>> find(typename Family::Address next_hop);
    template <class Family, class Visit>
    void visit(const Visit& callback);
    template <class Prefix, class Route>
    sluice::ConfiguredRoute describe(const Prefix& prefix, const Route& route) const;

    Router& router_;
    /// All that there may be, so that nobody need look through a million of others: a route goes
    /// with its interface as well.
    std::tuple<std::set<wire::Ip4Prefix>, std::set<wire::Ip6Prefix>> prefixes_;
};

}  // namespace vnet::service
