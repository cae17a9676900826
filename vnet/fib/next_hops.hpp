// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "vnet/fib/adjacency.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"
#include "vnet/wire/mac.hpp"

namespace vnet::fib {

/// Stands, among the keys of next hops, for the interface of one that is found by the routes of a
/// VRF.
constexpr interface::Index found_by(interface::Vrf vrf) noexcept {
    return vrf == interface::default_vrf ? 0 : graph::no_interface - vrf;
}
static_assert(found_by(interface::most_vrfs - 1) > graph::max_interfaces);

/// The path to each neighbour that a route or the neighbour table needs, shared and counted. A path
/// begins unresolved (its packets go to the resolving node) and is turned once the neighbour's MAC
/// address is known; on an interface whose device carries no Ethernet frames there is none to be
/// known, and packets leave as they are. `Address` is Ip4Address or Ip6Address. Control thread.
template <class Address>
class NextHops {
public:
    struct Nodes {
        graph::NodeId resolve;
        graph::NodeId rewrite;
        /// For a next hop that is nowhere.
        graph::NodeId unreachable;
    };
    NextHops(ForwardingTable& forwarding, interface::Table& interfaces, Nodes nodes);

    /// The path to `address` on an interface, made where it is new; release() it. The unspecified
    /// address stands for whatever is on the link: the packet's own destination is to be resolved.
    /// found_by() is for a next hop that may be now here, now there: place() says where.
    /// Path 0 where there is no room; it is to be released all the same.
    PathIndex acquire(interface::Index interface, Address address);
    void release(interface::Index interface, Address address);
    /// Where the next hop is that was acquired with found_by(vrf). Nowhere at first, which is
    /// interface 0: its packets are answered as unreachable. One store, however many routes lead
    /// there.
    void place(Address address, interface::Index interface,
               interface::Vrf vrf = interface::default_vrf);

    /// The neighbour's MAC address is known, or another one. Nothing happens where nobody holds the
    /// path.
    void resolved(interface::Index interface, Address address, const wire::MacAddress& mac);
    /// It is no longer known.
    void lost(interface::Index interface, Address address);
    /// Whether the MAC address of a next hop that somebody holds is known, there where it is.
    bool is_resolved(interface::Index interface, Address address) const;
    /// How many hold the path.
    unsigned holders(interface::Index interface, Address address) const;
    /// Calls back after a next hop that somebody holds was resolved or lost, or is elsewhere, for
    /// as long as these live: with interface 0 for a recursive one.
    using Observer = std::function<void(interface::Index, Address)>;
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }
    ForwardingTable& forwarding() noexcept { return forwarding_; }
    /// Gives back the memory that many next hops needed, now that there are few.
    void shrink() { hops_.rehash(0); }

private:
    struct Key {
        interface::Index interface;
        Address address;
        friend bool operator==(const Key&, const Key&) = default;
        template <class H>
        friend H AbslHashValue(H state, const Key& key) {
            return H::combine(std::move(state), key.interface, key.address);
        }
    };
    struct NextHop {
        PathIndex path = 0;
        unsigned holders = 0;
        bool resolved = false;
        wire::MacAddress mac;
        /// The key's interface, or where place() has put it.
        interface::Index interface = 0;
    };
    using Hops = absl::flat_hash_map<Key, NextHop>;
    template <class Change>
    void change(interface::Index interface, Address address, Change&& change);
    bool is_plain(interface::Index interface) const;
    Adjacency describe(const Key& key, const NextHop& hop) const;
    void refresh(interface::Index interface);
    void turn(const Key& key, const NextHop& hop);
    void tell(const Key& key) const;

    ForwardingTable& forwarding_;
    interface::Table& interfaces_;
    Nodes nodes_;
    Hops hops_;
    /// The highest number of a VRF that next hops were found by.
    interface::Vrf highest_vrf_ = interface::default_vrf;
    std::vector<Observer> observers_;
};

/// To whatever is on a link whose packets have no headers in front.
Adjacency plain_adjacency(const interface::Interface& interface, graph::NodeId rewrite_node);
/// The adjacency that sends by an Ethernet interface to one MAC address.
Adjacency ethernet_adjacency(const interface::Interface& interface, graph::NodeId rewrite_node,
                             const wire::MacAddress& destination, uint16_t ether_type);

}  // namespace vnet::fib

extern template class vnet::fib::NextHops<vnet::wire::Ip4Address>;
extern template class vnet::fib::NextHops<vnet::wire::Ip6Address>;
