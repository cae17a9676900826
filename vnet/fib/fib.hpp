// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/btree_map.h>
#include <absl/status/status.h>

#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "vnet/fib/next_hops.hpp"
#include "vnet/fib/rib.hpp"
#include "vnet/fib/route.hpp"
#include "vnet/fib/vrf_paths.hpp"

namespace vnet::fib {

/// A route with the path that it leads to.
template <class Address>
struct HeldRoute {
    Route<Address> route;
    PathIndex path;
};

/// The routes of one address family and one VRF, and the table that workers look up in. Routes are
/// kept by prefix and source; of each prefix the best is painted into the family's table, as the
/// index of the path it leads to. All routes to one recursive next hop share its path: when the way
/// to it changes, that path is turned, however many routes there are. Control thread.
///
/// `Family` is ip4::Family or ip6::Family: its types and what its table can do.
template <class Family>
class Fib {
public:
    using Address = typename Family::Address;
    using Prefix = typename Family::Prefix;
    using Table = typename Family::Table;
    using Via = fib::Via<Address>;
    using Route = fib::Route<Address>;
    using Rib = fib::Rib<Prefix, HeldRoute<Address>>;

    /// Most routes, over all sources.
    static constexpr size_t max_routes = 4'000'000;

    /// Paths that need no neighbour.
    struct Paths {
        /// What no route matches.
        PathIndex no_route = 0;
        PathIndex local = 0;
        PathIndex blackhole = 0;
        PathIndex prohibit = 0;
        PathIndex unreachable = 0;
        PathIndex broadcast = 0;
        /// For the router itself, by way of the node that takes packets out of tunnels.
        PathIndex tunnel = 0;
    };
    /// What the routes of all VRFs share. All of it outlives them.
    struct Shared {
        NextHops<Address>& next_hops;
        VrfPaths& vrf_paths;
        Paths paths;
    };
    Fib(Table& table, const Shared& shared, interface::Vrf vrf = interface::default_vrf);
    ~Fib();
    Fib(const Fib&) = delete;
    Fib& operator=(const Fib&) = delete;

    /// Adds a route, or replaces the one that `source` has for the prefix. A prefix of one address
    /// that is said to be connected is its own next hop.
    absl::Status add(const Prefix& prefix, RouteSource source, const Via& via,
                     std::optional<uint8_t> preference = std::nullopt);
    /// NOT_FOUND where the source has no such route.
    absl::Status remove(const Prefix& prefix, RouteSource source);
    /// Takes out every route of all sources that names the interface.
    void forget_interface(interface::Index interface);
    /// Takes out all routes.
    void clear();
    /// Of which VRF these are the routes.
    interface::Vrf vrf() const noexcept {
        return vrf_;
    }

    /// The path that a route by `via` leads to, for others than routes; to be released. 0 where
    /// there is no room for one.
    PathIndex acquire(const Via& via) { return hold(via, Prefix()); }
    void release(const Via& via) { release(via, Prefix()); }

    /// The path to a next hop, held as a route to it would: interface 0 is for one that routes
    /// lead to. Path 0 where there is no room; to be released all the same.
    PathIndex hold_next_hop(interface::Index interface, Address next_hop);
    void release_next_hop(interface::Index interface, Address next_hop);
    /// Where a next hop is that is held: `interface`, or where routes lead to it; 0: nowhere.
    interface::Index place_of(interface::Index interface, Address next_hop) const;

    /// Whoever sends to one address by whatever route leads there, as a tunnel does.
    using Follower = std::function<void(PathIndex)>;
    using FollowerId = uint64_t;
    /// Calls `follower` with the path that a lookup of `address` finds, now and whenever it is
    /// another one, until unfollow(): within the change, so that no worker finds the old one past
    /// its round. What the path leads to may change without a call, as it may for a route. A
    /// follower changes no routes.
    FollowerId follow(Address address, Follower follower);
    void unfollow(Address address, FollowerId id);
    size_t followers() const noexcept { return followers_.size(); }

    struct Match {
        Prefix prefix;
        Route route;
        /// Where a recursive next hop was found; 0: nowhere.
        interface::Index interface;
    };
    /// The longest match for an address, as workers see it.
    std::optional<Match> match(Address address) const;
    /// The same as if there were only those routes that `counts(route)`.
    template <class Counts>
    std::optional<Match> match(Address address, const Counts& counts) const {
        for (auto found = rib_.match(address); found; found = rib_.covering(found->prefix)) {
            for (const Held& held : *found->entry) {
                if (counts(held.route)) {
                    return describe(found->prefix, held);
                }
            }
        }
        return std::nullopt;
    }
    /// The source's own route for exactly this prefix.
    std::optional<Route> find(const Prefix& prefix, RouteSource source) const;
    /// Calls for each route in order of prefix, the used one of a prefix first, beginning behind
    /// `after`; ends where the callback answers false.
    void visit(const std::optional<Prefix>& after,
               const std::function<bool(const Match&, bool used)>& callback) const;
    /// Calls for each route of exactly this prefix, the used one first.
    void visit_prefix(const Prefix& prefix,
                      const std::function<void(const Match&, bool used)>& callback) const;
    /// Calls for each next hop that routes name without an interface, and where it was found.
    void visit_next_hops(const std::function<void(Address, interface::Index)>& callback) const;

    /// What became of a route.
    enum class Change { added, changed, removed };
    using RouteObserver = std::function<void(const Match&, bool used, Change)>;
    /// Calls back after every change of a route, for as long as the table lives. One that another
    /// took the place of as the one that is used, or whose place it got back, is changed too.
    void observe(RouteObserver observer) { observers_.push_back(std::move(observer)); }
    using NextHopObserver = std::function<void(Address, interface::Index)>;
    /// Calls back after the way to a next hop without an interface has changed; its routes are not
    /// told one by one.
    void observe_next_hops(NextHopObserver observer) {
        next_hop_observers_.push_back(std::move(observer));
    }

    size_t size() const noexcept { return routes_; }
    /// How many routes were ever removed: tells when there may be memory to give back.
    uint64_t removed() const noexcept { return removed_; }

private:
    /// Whether a paint may use the room that a table keeps for removals.
    enum class Room : bool { shared, all };
    using Held = typename Rib::Held;
    using Entry = typename Rib::Entry;
    /// A next hop without an interface, shared by all routes to it.
    struct Recursive {
        /// And members of groups.
        unsigned routes = 0;
        /// Where it was found; 0: nowhere.
        interface::Index interface = 0;
    };

    /// A follower, and the path that it knows.
    struct Following {
        PathIndex path = 0;
        Follower follower;
    };

    template <class Which>
    void remove_if(const Which& which);
    static Address connected_hop(const Prefix& prefix);
    PathIndex hold(const Via& via, const Prefix& prefix);
    void release(const Via& via, const Prefix& prefix);
    interface::Index resolve(Address next_hop) const;
    Match describe(const Prefix& prefix, const Held& held) const;
    /// What stands for the interface among the keys of next hops.
    interface::Index key_of(interface::Index interface) const noexcept {
        return interface == 0 ? found_by(vrf_) : interface;
    }
    bool paint(const Prefix& prefix, PathIndex path, Room room);
    void join(const Prefix& gone);
    void resolve_again(const Prefix& changed);
    PathIndex path_to(Address address) const;
    void follow_again(const Prefix& changed);
    void tell(const Prefix& prefix, const Held& held, bool used, Change change) const;
    void tell_use(const Prefix& prefix, const Entry& before, const Entry& now,
                  RouteSource source) const;

    Table& table_;
    NextHops<Address>& next_hops_;
    VrfPaths& vrf_paths_;
    BucketTables& groups_;
    Paths paths_;
    const interface::Vrf vrf_;
    Rib rib_;
    absl::btree_map<Address, Recursive> recursive_;
    absl::btree_map<std::pair<Address, FollowerId>, Following> followers_;
    FollowerId next_follower_ = 1;
    size_t routes_ = 0;
    uint64_t removed_ = 0;
    std::vector<RouteObserver> observers_;
    std::vector<NextHopObserver> next_hop_observers_;
};

}  // namespace vnet::fib
