// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/hop.hpp"
#include "graph/limits.hpp"
#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/fib/bucket_tables.hpp"
#include "vnet/fib/page_use.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::fib {

/// What a route lookup leads to.
enum class Action : uint8_t {
    /// Nothing matches: the sender is told that the network is unreachable.
    no_route,
    /// Rewrite and send.
    forward,
    /// The next hop's link-layer address is not known yet.
    resolve,
    /// For the router itself.
    local,
    /// Dropped in silence.
    blackhole,
    /// Dropped, the sender is told that it is prohibited.
    prohibit,
    /// Dropped, the sender is told that the host is unreachable.
    unreachable,
    /// For the router itself, and for all others on the link: a connected network's broadcast
    /// address.
    broadcast,
    /// Looked up again, in the tables of another VRF: that of the adjacency.
    lookup,
    /// To one of a group of next hops, by the packet's flow.
    balance,
};

/// The word for people: "forward", "no-route".
std::string_view name(Action action);

/// Where a packet goes and what its new link-layer header is: one cache line, read by workers,
/// never changed once it is published. A change makes another one.
struct alignas(64) Adjacency {
    static constexpr size_t rewrite_capacity = 32;

    graph::NodeId next = 0;
    Action action = Action::no_route;
    /// Bytes of `rewrite` in use, at its end.
    uint8_t rewrite_length = 0;
    uint32_t interface = graph::no_interface;
    /// Largest layer-3 packet, in bytes.
    uint32_t mtu = 0;
    interface::Vrf vrf = interface::default_vrf;
    std::byte reserved{};
    /// Of `balance`: which group.
    GroupIndex group = 0;
    /// An IPv4 address as its mapped one; `::` where the packet's own destination is meant.
    wire::Ip6Address next_hop;
    /// Right-aligned, so that a copy of fixed size ends where layer 3 begins.
    std::array<std::byte, rewrite_capacity> rewrite{};

    void set_next_hop(wire::Ip6Address address) noexcept { next_hop = address; }
    void set_next_hop(wire::Ip4Address address) noexcept {
        next_hop =
            address == wire::Ip4Address() ? wire::Ip6Address() : wire::Ip6Address::mapped(address);
    }
    /// For who leads IPv4 packets: 0.0.0.0 where the packet's own destination is meant.
    wire::Ip4Address ip4_next_hop() const noexcept {
        return wire::Ip4Address(uint32_t(next_hop.low()));
    }
};
static_assert(sizeof(Adjacency) == 64);

using AdjacencyIndex = uint32_t;
/// Of a packet that is to be looked up again in the VRF that it was led to.
inline constexpr AdjacencyIndex no_adjacency = ~AdjacencyIndex(0);

/// Adjacencies, paths and the buckets of next-hop groups. A path is what a route's leaf holds: many
/// routes share it, and it is turned to another adjacency by one store. Control makes and turns
/// them, workers follow them; places are used again only after every worker has passed a quiescent
/// state. Path 0 is "no route".
class ForwardingTable {
public:
    static constexpr size_t capacity = size_t(1) << 20;

    explicit ForwardingTable(graph::Rcu& rcu);
    /// Waits until no worker holds anything of it.
    ~ForwardingTable() { rcu_.flush(); }
    ForwardingTable(const ForwardingTable&) = delete;
    ForwardingTable& operator=(const ForwardingTable&) = delete;

    // ---- workers ----
    const Adjacency& adjacency(AdjacencyIndex index) const noexcept { return adjacencies_[index]; }
    AdjacencyIndex at(PathIndex path) const noexcept {
        return paths_[path].load(std::memory_order_acquire);
    }
    const BucketTables& groups() const noexcept { return groups_; }

    // ---- control thread ----

    /// A path to a new adjacency. 0 ("no route") when all are in use.
    PathIndex make(const Adjacency& adjacency);
    /// Turns a path to a new adjacency; the old one goes when no worker can hold it.
    void turn(PathIndex path, const Adjacency& adjacency);
    /// Gives a path back; no leaf may hold it any more.
    void release(PathIndex path);
    BucketTables& groups() noexcept { return groups_; }
    /// What path 0 does.
    void set_no_route(const Adjacency& adjacency) { turn(0, adjacency); }
    /// Gives the memory back that no adjacency is in any more; how many pages that was.
    size_t give_back() { return adjacency_use_.give_back() + groups_.give_back(); }
    size_t paths_in_use() const noexcept { return next_path_ - free_paths_.size(); }
    /// Those that wait for a grace period count.
    size_t adjacencies_in_use() const noexcept {
        return next_adjacency_ - free_adjacencies_.size();
    }
    graph::MemoryUse adjacency_memory() const noexcept { return adjacencies_.memory(); }
    graph::MemoryUse path_memory() const noexcept { return paths_.memory(); }

private:
    AdjacencyIndex place(const Adjacency& adjacency);
    void free(AdjacencyIndex index);

    graph::Rcu& rcu_;
    BucketTables groups_;
    graph::StableArray<Adjacency> adjacencies_;
    graph::StableArray<std::atomic<AdjacencyIndex>> paths_;
    PageUse<Adjacency> adjacency_use_{adjacencies_};
    std::vector<AdjacencyIndex> free_adjacencies_;
    std::vector<PathIndex> free_paths_;
    AdjacencyIndex next_adjacency_ = 0;
    PathIndex next_path_ = 0;
};

}  // namespace vnet::fib
