// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/inlined_vector.h>
#include <absl/status/statusor.h>

#include <array>
#include <functional>
#include <optional>
#include <string_view>

#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/ip4/dir24.hpp"
#include "vnet/wire/ip4.hpp"

namespace vnet::ip4 {

/// Who wants a route. One prefix may have one route from each; the one with the lowest preference
/// is used.
enum class RouteSource : uint8_t {
    /// An address of the router.
    address,
    /// The API: an operator or a controller.
    configured,
    /// A neighbour that was resolved.
    neighbor,
};
std::string_view name(RouteSource source);
/// Preference of a route where nothing else is said: 0 address, 10 configured, 250 neighbor.
uint8_t default_preference(RouteSource source);

/// Where a route leads.
struct Via {
    enum class Kind : uint8_t {
        /// To a router or host: by `interface`, or, where that is 0, by the route that covers it
        /// (recursive).
        next_hop,
        /// To whatever is on the link of `interface`.
        connected,
        /// To the router itself.
        local,
        blackhole,
        prohibit,
        unreachable,
        /// To the router itself, as the broadcast address of the network on the link of
        /// `interface`.
        broadcast,
    };
    Kind kind = Kind::next_hop;
    interface::Index interface = 0;
    wire::Ip4Address next_hop;
    friend bool operator==(const Via&, const Via&) = default;
};
std::string_view name(Via::Kind kind);

struct Route {
    RouteSource source;
    uint8_t preference;
    Via via;
};

/// The IPv4 routes of one VRF, and the table that workers look up in. Routes are kept by prefix and
/// source; of each prefix the best is painted into the Dir24, as the index of the path it leads to.
/// Control thread.
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
    size_t size() const noexcept { return routes_; }

private:
    struct Held {
        Route route;
        fib::PathIndex path;
        /// How the path is held: the interface that the next hop was found on.
        interface::Index interface;
    };
    /// Best first.
    using Entry = absl::InlinedVector<Held, 1>;
    using Rib = absl::btree_map<wire::Ip4Prefix, Entry>;

    void hold(Held& held, const wire::Ip4Prefix& prefix);
    void release(const Held& held, const wire::Ip4Prefix& prefix);
    void release_path(const Held& held, const wire::Ip4Prefix& prefix);
    void find_path(Held& held, const wire::Ip4Prefix& prefix, interface::Index interface);
    interface::Index resolve(wire::Ip4Address next_hop, const wire::Ip4Prefix& owner) const;
    Rib::const_iterator longest(wire::Ip4Address address,
                                const std::optional<wire::Ip4Prefix>& except) const;
    bool paint(const wire::Ip4Prefix& prefix, fib::PathIndex path);
    fib::PathIndex covering(const wire::Ip4Prefix& prefix) const;
    void join(const wire::Ip4Prefix& gone);
    void resolve_again(const wire::Ip4Prefix& changed);

    Dir24& table_;
    fib::NextHops& next_hops_;
    Paths paths_;
    Rib rib_;
    /// Number of prefixes by length, so that a search skips lengths that do not occur.
    std::array<uint32_t, 33> lengths_{};
    /// Recursive next hops with the prefixes that use them.
    absl::btree_map<wire::Ip4Address, absl::btree_map<wire::Ip4Prefix, unsigned>> recursive_;
    size_t routes_ = 0;
};

}  // namespace vnet::ip4
