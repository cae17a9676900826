// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/btree_map.h>
#include <absl/status/status.h>

#include <functional>
#include <optional>
#include <vector>

#include "vnet/fib/next_hops.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/ip4/rib.hpp"
#include "vnet/ip4/route.hpp"

namespace vnet::ip4 {

/// The IPv4 routes of one VRF, and the table that workers look up in. Routes are kept by prefix and
/// source; of each prefix the best is painted into the Dir24, as the index of the path it leads to.
/// All routes to one recursive next hop share its path: when the way to it changes, that path is
/// turned, however many routes there are. Control thread.
class Fib {
public:
    /// Most routes, over all sources.
    static constexpr size_t max_routes = 4'000'000;

    /// Paths that need no neighbour.
    struct Paths {
        fib::PathIndex local;
        fib::PathIndex blackhole;
        fib::PathIndex prohibit;
        fib::PathIndex unreachable;
        fib::PathIndex broadcast;
    };
    Fib(Dir24& table, fib::NextHops& next_hops, Paths paths);
    ~Fib();
    Fib(const Fib&) = delete;
    Fib& operator=(const Fib&) = delete;

    /// Adds a route, or replaces the one that `source` has for the prefix. A prefix of one address
    /// that is said to be connected is its own next hop.
    absl::Status add(const wire::Ip4Prefix& prefix, RouteSource source, const Via& via,
                     std::optional<uint8_t> preference = std::nullopt);
    /// NOT_FOUND where the source has no such route.
    absl::Status remove(const wire::Ip4Prefix& prefix, RouteSource source);
    /// Takes out every route of all sources that names the interface.
    void forget_interface(interface::Index interface);

    struct Match {
        wire::Ip4Prefix prefix;
        Route route;
        /// Where a recursive next hop was found; 0: nowhere.
        interface::Index interface;
    };
    /// The longest match for an address, as workers see it.
    std::optional<Match> match(wire::Ip4Address address) const;
    /// The source's own route for exactly this prefix.
    std::optional<Route> find(const wire::Ip4Prefix& prefix, RouteSource source) const;
    /// Calls for each route in order of prefix, the used one of a prefix first, beginning behind
    /// `after`; ends where the callback answers false.
    void visit(const std::optional<wire::Ip4Prefix>& after,
               const std::function<bool(const Match&, bool used)>& callback) const;
    /// Calls for each route of exactly this prefix, the used one first.
    void visit_prefix(const wire::Ip4Prefix& prefix,
                      const std::function<void(const Match&, bool used)>& callback) const;
    /// Calls for each next hop that routes name without an interface, and where it was found.
    void visit_next_hops(
        const std::function<void(wire::Ip4Address, interface::Index)>& callback) const;

    /// What became of a route.
    enum class Change { added, changed, removed };
    using RouteObserver = std::function<void(const Match&, bool used, Change)>;
    /// Calls back after every change of a route, for as long as the table lives. One that another
    /// took the place of as the one that is used, or whose place it got back, is changed too.
    void observe(RouteObserver observer) { observers_.push_back(std::move(observer)); }
    using NextHopObserver = std::function<void(wire::Ip4Address, interface::Index)>;
    /// Calls back after the way to a next hop without an interface has changed; its routes are not
    /// told one by one.
    void observe_next_hops(NextHopObserver observer) {
        next_hop_observers_.push_back(std::move(observer));
    }

    size_t size() const noexcept { return routes_; }
    /// How many routes were ever removed: tells when there may be memory to give back.
    uint64_t removed() const noexcept { return removed_; }

private:
    using Held = Rib::Held;
    using Entry = Rib::Entry;
    /// A next hop without an interface, shared by all routes to it.
    struct Recursive {
        unsigned routes = 0;
        /// Where it was found; 0: nowhere.
        interface::Index interface = 0;
    };

    fib::PathIndex hold(const Via& via, const wire::Ip4Prefix& prefix);
    void release(const Via& via, const wire::Ip4Prefix& prefix);
    interface::Index resolve(wire::Ip4Address next_hop) const;
    interface::Index interface_of(const Via& via) const;
    Match describe(const wire::Ip4Prefix& prefix, const Held& held) const;
    bool paint(const wire::Ip4Prefix& prefix, fib::PathIndex path);
    void join(const wire::Ip4Prefix& gone);
    void resolve_again(const wire::Ip4Prefix& changed);
    void tell(const wire::Ip4Prefix& prefix, const Held& held, bool used, Change change) const;
    void tell_use(const wire::Ip4Prefix& prefix, const Entry& before, const Entry& now,
                  RouteSource source) const;

    Dir24& table_;
    fib::NextHops& next_hops_;
    Paths paths_;
    Rib rib_;
    absl::btree_map<wire::Ip4Address, Recursive> recursive_;
    size_t routes_ = 0;
    uint64_t removed_ = 0;
    std::vector<RouteObserver> observers_;
    std::vector<NextHopObserver> next_hop_observers_;
};

}  // namespace vnet::ip4
