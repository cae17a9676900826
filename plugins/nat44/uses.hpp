// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "graph/counter.hpp"
#include "graph/stable_array.hpp"
#include "plugins/nat44/exempt_index.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace nat44 {

/// Pools that there may be; their numbers are lower.
inline constexpr uint16_t most_pools = 4096;
/// In the place of a pool's number: sessions by static mappings, which are of no pool.
inline constexpr uint16_t no_pool = most_pools;

/// Why a session of a pool's host was refused.
enum class Refusal : uint8_t {
    no_address,
    no_port,
    no_block,
    host_ports,
    clash,
    host_limit,
    host_rate,
    table_full,
    hosts_full,
    mappings_full,
};
inline constexpr size_t refusals = 10;
/// As drops of those packets are called.
constexpr std::string_view name(Refusal refusal) noexcept {
    constexpr std::array<std::string_view, refusals> names = {
        "no-address", "no-port",   "no-block",   "host-ports", "clash",
        "host-limit", "host-rate", "table-full", "hosts-full", "mappings-full"};
    return names[size_t(refusal)];
}

/// Protocols whose ports, or identifiers, are given out.
inline constexpr size_t port_protocols = 3;
inline constexpr std::array<std::string_view, port_protocols> port_protocol_names = {"tcp", "udp",
                                                                                     "icmp"};
/// The place of a protocol among those; port_protocols for any other.
constexpr size_t port_protocol(uint8_t protocol) noexcept {
    switch (vnet::wire::IpProtocol(protocol)) {
        case vnet::wire::IpProtocol::tcp:
            return 0;
        case vnet::wire::IpProtocol::udp:
            return 1;
        case vnet::wire::IpProtocol::icmp:
            return 2;
        default:
            return port_protocols;
    }
}

/// How much of a pool is in use, and what became of who asked for it.
struct PoolUse {
    uint64_t hosts = 0;
    uint64_t sessions = 0;
    uint64_t created = 0;
    std::array<uint64_t, refusals> refused{};
    /// Ports of endpoint-independent mappings: of TCP, UDP, ICMP.
    std::array<uint64_t, port_protocols> ports{};
    /// Blocks that hosts have.
    uint64_t blocks = 0;
    /// UDP ports and blocks that nobody has and nobody may have yet (RFC 6888 REQ-8).
    uint64_t held_ports = 0;
    uint64_t held_blocks = 0;

    /// What is not to be had: of a protocol's ports, by its place, and of blocks.
    uint64_t ports_taken(size_t protocol) const noexcept {
        return ports[protocol] +
               (protocol == port_protocol(uint8_t(vnet::wire::IpProtocol::udp)) ? held_ports : 0);
    }
    uint64_t blocks_taken() const noexcept { return blocks + held_blocks; }
    uint64_t refused_in_all() const noexcept {
        return std::accumulate(refused.begin(), refused.end(), uint64_t{0});
    }
};

/// What a pool has to give out.
struct PoolSize {
    uint64_t addresses = 0;
    /// Of each protocol. Where mappings are endpoint-dependent, each serves many hosts.
    uint64_t ports = 0;
    /// 0 where hosts have none.
    uint64_t blocks = 0;
};

/// How much of an outside address is in use.
struct AddressUse {
    uint64_t hosts = 0;
    uint64_t sessions = 0;
};

/// What one worker counts of pools and addresses as sessions come and go, so that nobody need look
/// at all sessions to know. It changes them, any thread reads.
class Uses {
public:
    Uses()
        : addresses_(65536),
          pools_(size_t{most_pools} + 1),
          exempts_(most_exempts),
          hairpins_(65536) {}

    // ---- the worker; `change` is 1 or -1 ----

    void count_host(uint16_t pool, uint16_t address, int change) noexcept {
        count(pools_[pool].hosts, change);
        count(addresses_[address].hosts, change);
    }
    void count_session(uint16_t pool, uint16_t address, int change) noexcept {
        count(pools_[pool].sessions, change);
        count(addresses_[address].sessions, change);
    }
    /// One by a static mapping.
    void count_fixed(int change) noexcept { count(pools_[no_pool].sessions, change); }
    /// One between two inside, by whatever: to these outside addresses.
    void count_hairpin(vnet::wire::Ip4Address one, vnet::wire::Ip4Address other,
                       int change) noexcept {
        count(hairpins_[one.value() & 0xffff], change);
        count(hairpins_[other.value() & 0xffff], change);
    }
    void count_created(uint16_t pool) noexcept { pools_[pool].created.add(1); }
    void count_refused(uint16_t pool, Refusal why) noexcept {
        pools_[pool].refused[size_t(why)].add(1);
    }
    void count_mapping(uint16_t pool, uint8_t protocol, int change) noexcept {
        if (const size_t place = port_protocol(protocol); place < port_protocols) {
            count(pools_[pool].ports[place], change);
        }
    }
    void count_block(uint16_t pool, int change) noexcept { count(pools_[pool].blocks, change); }
    /// A packet that went out untranslated by the exempt with a number.
    void count_exempt(uint16_t number) noexcept { exempts_[number].add(1); }

    // ---- any thread ----

    /// Packets by the exempts that ever had a number.
    uint64_t exempt(uint16_t number) const noexcept { return exempts_[number].read(); }

    /// Adds what this worker has of a pool, or of `no_pool`.
    void add_to(PoolUse& use, uint16_t pool) const noexcept {
        const Pool& mine = pools_[pool];
        use.hosts += mine.hosts.read();
        use.sessions += mine.sessions.read();
        use.created += mine.created.read();
        for (size_t i = 0; i < refusals; ++i) {
            use.refused[i] += mine.refused[i].read();
        }
        for (size_t i = 0; i < port_protocols; ++i) {
            use.ports[i] += mine.ports[i].read();
        }
        use.blocks += mine.blocks.read();
    }
    /// 0 where no session between two inside is to an outside address; another one may have them
    /// where it is not.
    uint64_t hairpins(vnet::wire::Ip4Address address) const noexcept {
        return hairpins_[address.value() & 0xffff].read();
    }
    /// Adds what it has of the address with a number.
    void add_to(AddressUse& use, uint16_t address) const noexcept {
        use.hosts += addresses_[address].hosts.read();
        use.sessions += addresses_[address].sessions.read();
    }

private:
    struct Pool {
        graph::Counter hosts;
        graph::Counter sessions;
        graph::Counter created;
        std::array<graph::Counter, refusals> refused;
        std::array<graph::Counter, port_protocols> ports;
        graph::Counter blocks;
    };
    struct Address {
        graph::Counter hosts;
        graph::Counter sessions;
    };
    static void count(graph::Counter& counter, int change) noexcept {
        counter.add(uint64_t(int64_t{change}));
    }

    graph::StableArray<Address> addresses_;
    graph::StableArray<Pool> pools_;
    graph::StableArray<graph::Counter> exempts_;
    /// By the lower half of an address.
    graph::StableArray<graph::Counter> hairpins_;
};

}  // namespace nat44
