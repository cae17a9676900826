// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_hash_crc.h>

#include <array>
#include <atomic>
#include <type_traits>
#include <utility>
#include <vector>

#include "graph/limits.hpp"
#include "graph/stable_array.hpp"
#include "plugins/vxlan/encap.hpp"
#include "vnet/learning/learner.hpp"
#include "vnet/tunnel/endpoints.hpp"

namespace vxlan {

/// Another end of a multipoint tunnel, by number; 0 is none.
using Remote = uint32_t;

/// An end of either family as one of the family is named.
template <class Address>
Address unmapped(const vnet::wire::Ip6Address& address) noexcept {
    if constexpr (std::is_same_v<Address, vnet::wire::Ip4Address>) {
        return Address(uint32_t(address.low()));
    } else {
        return address;
    }
}

/// A station that a worker heard from another end than the table says.
struct HeardMac {
    vnet::learning::Station station = 0;
    /// IPv4 as ::ffff:a.b.c.d.
    vnet::wire::Ip6Address from;
    uint64_t hash() const noexcept {
        return rte_hash_crc_8byte(station, uint32_t(from.low() ^ from.high()));
    }
    bool operator==(const HeardMac&) const = default;
};

/// What workers know of multipoint tunnels. Written by control.
struct SegmentTables {
    static constexpr Remote most_remotes = 65536;
    static constexpr size_t buckets = size_t(1) << 16;

    /// With room for `remotes` ends.
    SegmentTables(graph::Rcu& rcu, unsigned workers, Remote remotes = most_remotes)
        : room(remotes),
          macs(rcu, buckets),
          learner(workers),
          outers(remotes + 1),
          interfaces(remotes + 1),
          floods(graph::max_interfaces),
          learns(graph::max_interfaces),
          locals(graph::max_interfaces),
          peers4(rcu),
          peers6(rcu),
          any4(rcu),
          any6(rcu) {}

    /// The highest Remote.
    const Remote room;
    /// Where stations are: behind which Remote.
    vnet::learning::MacTable macs;
    vnet::learning::Learner<HeardMac> learner;
    graph::StableArray<Outer> outers;
    /// Whose they are.
    graph::StableArray<std::atomic<Index>> interfaces;
    using Flood = std::vector<Remote>;
    /// Who gets what is for all, by interface; null: nobody.
    graph::StableArray<std::atomic<const Flood*>> floods;
    graph::StableArray<std::atomic<bool>> learns;
    /// Its own end, by interface; written before any worker finds the interface.
    graph::StableArray<vnet::wire::Ip6Address> locals;

    /// Who takes from an end, and which Remote that is.
    struct Found {
        Index interface = 0;
        Remote remote = 0;
    };
    template <class Address>
    Found find(vnet::tunnel::Endpoint<Address> endpoint) const noexcept {
        const auto& known = peers<Address>(*this);
        if (const Remote remote = known.find(endpoint); remote != 0) {
            return {interfaces[remote].load(std::memory_order_relaxed), remote};
        }
        const Address from = std::exchange(endpoint.remote, Address());
        const Index interface = any<Address>(*this).find(endpoint);
        if (interface == 0 || !endpoint.local.is_multicast()) [[likely]] {
            return {interface, 0};
        }
        // To a group: ends are known by the tunnel's own address.
        endpoint.local = unmapped<Address>(locals[interface]);
        endpoint.remote = from;
        return {interface, known.find(endpoint)};
    }

    template <class Address, class Self>
    static auto& peers(Self& self) noexcept {
        if constexpr (std::is_same_v<Address, vnet::wire::Ip4Address>) {
            return self.peers4;
        } else {
            return self.peers6;
        }
    }
    template <class Address, class Self>
    static auto& any(Self& self) noexcept {
        if constexpr (std::is_same_v<Address, vnet::wire::Ip4Address>) {
            return self.any4;
        } else {
            return self.any6;
        }
    }
    /// The ends that are known, and what they are; the tunnels that take from any.
    vnet::tunnel::Endpoints<vnet::wire::Ip4Address> peers4;
    vnet::tunnel::Endpoints<vnet::wire::Ip6Address> peers6;
    vnet::tunnel::Endpoints<vnet::wire::Ip4Address> any4;
    vnet::tunnel::Endpoints<vnet::wire::Ip6Address> any6;
};

}  // namespace vxlan
