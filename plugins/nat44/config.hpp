// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "plugins/nat44/address_index.hpp"
#include "plugins/nat44/deterministic.hpp"
#include "plugins/nat44/exempt_index.hpp"
#include "plugins/nat44/settings.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/flow/key.hpp"

namespace nat44 {

/// One end of a session: an address and a port in host byte order.
struct End {
    Ip4Address address;
    uint16_t port = 0;
};

/// A pool as workers see it.
struct Pool {
    PoolSettings settings;
    uint16_t number = 0;
    /// Whose part of the ports is whose.
    PortPartition partition;
    std::optional<DeterministicMapping> deterministic;
};

/// All that control says, as workers see it: never changed, but replaced as a whole.
class Config {
public:
    struct Parts {
        /// By number; empty where there is no such pool.
        std::vector<std::optional<Pool>> pools;
        /// The same for all versions between which no address came or went.
        std::shared_ptr<const AddressIndex> addresses;
        std::vector<StaticMapping> statics;
        /// By VRF: where to look a packet up that goes there from another one.
        std::array<vnet::fib::PathIndex, vnet::interface::most_vrfs> vrf_paths{};
        /// Addresses of the router itself that are in pools or static mappings, by their VRF.
        absl::flat_hash_set<std::pair<Vrf, Ip4Address>> own;
        unsigned workers = 1;
        /// Any number that nobody outside can guess; the same for all versions.
        uint64_t seed = 0;
        /// Null where nothing is exempt.
        std::shared_ptr<const ExemptIndex> exempts = nullptr;
    };
    explicit Config(Parts parts);

    const AddressIndex& addresses() const noexcept { return *parts_.addresses; }
    const Pool* pool(uint16_t number) const noexcept {
        return number < parts_.pools.size() && parts_.pools[number] ? &*parts_.pools[number]
                                                                    : nullptr;
    }
    /// The pool for a host that speaks with somebody outside; null where it is nobody's.
    const Pool* pool_for(Vrf inside_vrf, Ip4Address inside, Vrf outside_vrf) const noexcept {
        return longest(scope(inside_vrf, outside_vrf), inside);
    }

    /// The one that has an outside address in a VRF; null where it is nobody's there.
    const Pool* pool_of(Vrf outside_vrf, Ip4Address outside) const noexcept {
        const OutsideAddress* address = addresses().find(outside);
        const Pool* of = address == nullptr ? nullptr : pool(address->pool);
        return of != nullptr && of->settings.outside_vrf == outside_vrf ? of : nullptr;
    }
    /// The first that is for a host, whichever VRF it leaves by.
    const Pool* pool_for(Vrf inside_vrf, Ip4Address inside) const noexcept {
        return longest(scope(inside_vrf, std::nullopt), inside);
    }
    /// The outside address that a host of a pool has: with `attempt` 0 the one that it has unless
    /// it has no port left. None where the pool has none for it.
    std::optional<OutsideAddress> address_for(const Pool& pool, Vrf vrf, Ip4Address host,
                                              unsigned attempt) const noexcept;

    /// The static mapping that a packet from outside is for; null where there is none.
    const StaticMapping* to_outside(Vrf vrf, Ip4Address address, uint16_t port,
                                    uint8_t protocol) const noexcept {
        return find(by_outside_, vrf, address, port, protocol);
    }
    /// The one that a host inside speaks by; null where there is none. One with several targets is
    /// none.
    const StaticMapping* to_inside(Vrf vrf, Ip4Address address, uint16_t port,
                                   uint8_t protocol) const noexcept {
        return find(by_inside_, vrf, address, port, protocol);
    }
    /// The static mapping whose outside address and port a host inside has where it leaves by a
    /// VRF; null where there is none. One that hides clients from its target is none.
    const StaticMapping* mapping_of(Vrf inside_vrf, Ip4Address inside, uint16_t port,
                                    uint8_t protocol, Vrf outside_vrf) const noexcept {
        const StaticMapping* mapping = to_inside(inside_vrf, inside, port, protocol);
        return mapping != nullptr && mapping->outside_vrf == outside_vrf && !mapping->twice
                   ? mapping
                   : nullptr;
    }
    /// Which target of a mapping a packet from outside goes to, whichever worker asks.
    End target(const StaticMapping& mapping, const vnet::flow::Key& key) const noexcept;

    /// A host's packets are translated where they leave by a VRF, all of them: by a pool, or by a
    /// static mapping of all of an address.
    bool translates(Vrf inside_vrf, Ip4Address inside, Vrf outside_vrf) const noexcept {
        const StaticMapping* mapping = find(by_inside_, inside_vrf, inside, 0, 0);
        return (mapping != nullptr && mapping->outside_vrf == outside_vrf) ||
               pool_for(inside_vrf, inside, outside_vrf) != nullptr;
    }

    /// The number of what exempts a packet from inside, as it came in, from translation; none where
    /// nothing does.
    std::optional<uint16_t> exempt(Vrf outside_vrf, const vnet::flow::Key& key) const noexcept {
        return parts_.exempts == nullptr
                   ? std::nullopt
                   : parts_.exempts->find(outside_vrf, key.destination, key.protocol,
                                          key.ports.destination());
    }
    /// The one with a number that exempt() gave.
    const Exempt& exempt_at(uint16_t number) const noexcept { return parts_.exempts->at(number); }

    /// Protocols whose packets are told apart by ports, or identifiers, that are translated.
    static bool has_ports(uint8_t protocol) noexcept;
    /// The worker that has a host's sessions.
    unsigned worker_of_host(Vrf vrf, Ip4Address host) const noexcept;
    /// A number for a host, to choose by.
    uint64_t host_hash(Vrf vrf, Ip4Address host) const noexcept {
        return hasher_(host.value(), uint64_t{vrf} + 1);
    }
    /// The worker of packets to an outside address and port, by whoever they are; none where any
    /// will do.
    std::optional<unsigned> worker_of_outside(const vnet::flow::Key& key) const noexcept;
    /// The worker of packets from inside.
    std::optional<unsigned> worker_of_inside(const vnet::flow::Key& key) const noexcept;
    /// The VRF in which what a packet from inside is to would be an outside address.
    Vrf outside_vrf_of(const vnet::flow::Key& key) const noexcept;
    /// Empty where nothing speaks of the VRF any more.
    std::optional<vnet::fib::PathIndex> vrf_path(Vrf vrf) const noexcept {
        const vnet::fib::PathIndex path = parts_.vrf_paths[vrf];
        return path == 0 ? std::nullopt : std::optional(path);
    }
    /// The address is the router's as well.
    bool is_own(Vrf vrf, Ip4Address address) const noexcept {
        return parts_.own.contains({vrf, address});
    }
    unsigned workers() const noexcept { return parts_.workers; }

private:
    /// From one VRF to another one, or to any.
    static uint32_t scope(Vrf inside_vrf, std::optional<Vrf> outside_vrf) noexcept {
        constexpr uint32_t any = 1 << 16;
        return uint32_t{inside_vrf} << 8 | (outside_vrf ? *outside_vrf : any);
    }
    void index(uint32_t scope, const Pool& pool);
    const Pool* longest(uint32_t scope, Ip4Address inside) const noexcept;

    using Map = absl::flat_hash_map<uint64_t, uint32_t>;
    static uint64_t place(Vrf vrf, Ip4Address address, uint16_t port, uint8_t protocol) noexcept {
        return uint64_t{address.value()} << 32 | uint64_t{port} << 16 | uint64_t{protocol} << 8 |
               vrf;
    }
    const StaticMapping* find(const Map& map, Vrf vrf, Ip4Address address, uint16_t port,
                              uint8_t protocol) const noexcept;
    unsigned worker_for(uint64_t hash) const noexcept {
        return unsigned((hash >> 32) * workers() >> 32);
    }
    /// Of what a static mapping leads, by who is outside.
    unsigned worker_of_static(const StaticMapping& mapping, Ip4Address remote,
                              uint16_t remote_port) const noexcept;

    Parts parts_;
    vnet::flow::Hasher hasher_;
    Map by_outside_;
    Map by_inside_;
    /// All targets; of a target of several mappings any one.
    Map by_target_;
    /// Pools by whom they are for: VRFs and prefix. By VRFs, which lengths there are, a bit each.
    absl::flat_hash_map<std::pair<uint32_t, Ip4Prefix>, uint16_t> by_prefix_;
    absl::flat_hash_map<uint32_t, uint64_t> lengths_;
};

}  // namespace nat44
