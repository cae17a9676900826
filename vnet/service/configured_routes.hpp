// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/config/writers.hpp"
#include "vnet/proto/ip.pb.h"
#include "vnet/router.hpp"

namespace vnet::service {

/// The VRF that an optional field names: the default one where it is left out.
absl::StatusOr<interface::Vrf> read_vrf(Router& router, bool given, const std::string& name);

/// Where a route of the API leads, of the family of its prefix; the sentence says what is missing
/// or too much.
template <class Family>
absl::StatusOr<fib::Via<typename Family::Address>> read_via(Router& router, interface::Vrf vrf,
                                                            const sluice::ConfiguredRoute& route);
template <class Family>
absl::Status add_route(Router& router, interface::Vrf vrf, fib::RouteSource source,
                       const typename Family::Prefix& prefix, const sluice::ConfiguredRoute& route,
                       const fib::Via<typename Family::Address>& via);
template <class Family>
absl::Status remove_route(Router& router, interface::Vrf vrf, fib::RouteSource source,
                          const typename Family::Prefix& prefix);

/// The routes of the configuration, of all VRFs. The router outlives it. Control thread.
class ConfiguredRoutes {
public:
    explicit ConfiguredRoutes(Router& router) : router_(router) {}

    absl::Status add(const sluice::ConfiguredRoute& route);
    absl::Status remove(const sluice::DeleteRouteRequest& request);
    /// FAILED_PRECONDITION where routes are configured in a VRF.
    absl::Status check_unused(interface::Vrf vrf);
    template <class Prefix>
    struct Leading {
        Prefix prefix;
        /// 0 where the route does not name it.
        interface::Index interface;
    };
    /// Whether a next hop on an interface, 0 where the route does not name it, and otherwise of the
    /// VRF that it is to be found in, is the one that is meant.
    using IsMeant = std::function<bool(interface::Index, interface::Vrf)>;
    /// A route whose next hop is this address, and is meant; nothing where there is none.
    std::optional<Leading<wire::Ip4Prefix>> leading_to(wire::Ip4Address next_hop,
                                                       const IsMeant& is_meant) {
        return find<ip4::Family>(next_hop, is_meant);
    }
    std::optional<Leading<wire::Ip6Prefix>> leading_to(wire::Ip6Address next_hop,
                                                       const IsMeant& is_meant) {
        return find<ip6::Family>(next_hop, is_meant);
    }
    /// A route that names the interface of its next hop.
    template <class Family>
    struct ByInterface {
        interface::Vrf vrf;
        typename Family::Prefix prefix;
        typename Family::Address next_hop;
    };
    template <class Family>
    std::vector<ByInterface<Family>> leading_by(interface::Index interface);
    template <class Prefix>
    void remove(interface::Vrf vrf, const Prefix& prefix);
    void write(const api::config::Emit& emit);

private:
    static constexpr auto source = fib::RouteSource::configured;

    template <class Prefix>
    using Places = std::set<std::pair<interface::Vrf, Prefix>>;
    template <class Family>
    Places<typename Family::Prefix>& places() {
        return std::get<Places<typename Family::Prefix>>(places_);
    }
    template <class Family>
    std::optional<Leading<typename Family::Prefix>> find(typename Family::Address next_hop,
                                                         const IsMeant& is_meant);
    template <class Family, class Visit>
    void visit(const Visit& callback);
    template <class Prefix, class Route>
    sluice::ConfiguredRoute describe(interface::Vrf vrf, const Prefix& prefix,
                                     const Route& route) const;

    Router& router_;
    /// All that there may be, so that nobody need look through a million of others: a route goes
    /// with its interface as well.
    std::tuple<Places<wire::Ip4Prefix>, Places<wire::Ip6Prefix>> places_;
};

}  // namespace vnet::service
