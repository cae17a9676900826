// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/nat44/settings.hpp"
#include "vnet/flow/index.hpp"
#include "vnet/flow/key.hpp"
#include "vnet/flow/versioned.hpp"

namespace nat44 {

/// A host inside that has sessions by a pool.
struct alignas(64) Host {
    static constexpr unsigned most_blocks = 4;

    Ip4Address address;
    uint32_t version;
    /// Its outside address, which all its sessions have (RFC 4787 REQ-2).
    Ip4Address outside;
    uint32_t next;
    uint32_t sessions;
    /// Sessions that it was refused.
    uint32_t refused;
    /// Of the outside address, and of its pool.
    uint16_t number;
    uint16_t pool;
    Vrf vrf;
    uint8_t blocks;
    uint16_t unused;
    /// First ports of its blocks, and how many sessions are in each.
    uint16_t block[most_blocks];
    uint32_t block_sessions[most_blocks];
    /// When it may begin its next session where those are limited (ITU-T I.371), in microseconds
    /// that wrap.
    uint32_t next_us;
    /// Of its sessions, those that somebody outside began.
    uint32_t from_outside;
};
static_assert(sizeof(Host) == 64);

/// One worker's hosts. It changes them, any thread reads with copy_versioned().
class Hosts {
public:
    explicit Hosts(uint32_t most, uint64_t seed) : hosts_(most), index_(most), hasher_(seed) {}

    /// 0 where there is none.
    uint32_t find(uint16_t pool, Vrf vrf, Ip4Address address) const noexcept {
        const uint32_t found = index_.find(hash(pool, vrf, address), [&](uint32_t candidate) {
            const Host& host = hosts_[candidate];
            return host.address == address && host.vrf == vrf && host.pool == pool;
        });
        return found == vnet::flow::Index::none ? 0 : found;
    }
    /// One that was not there; 0 where there is no room.
    uint32_t add(const Host& host) noexcept {
        const uint32_t at = hosts_.take();
        if (at == 0) {
            return 0;
        }
        if (!index_.insert(hash(host.pool, host.vrf, host.address), at)) {
            hosts_.give(at);
            return 0;
        }
        vnet::flow::begin_versioned(hosts_[at], host);
        return at;
    }
    void remove(uint32_t at) noexcept {
        Host& host = hosts_[at];
        (void)index_.erase(hash(host.pool, host.vrf, host.address), at);
        vnet::flow::end_versioned(host);
        hosts_.give(at);
    }
    Host& operator[](uint32_t at) noexcept { return hosts_[at]; }

    // ---- any thread ----
    const Host& at(uint32_t place) const noexcept { return hosts_[place]; }
    uint32_t highest() const noexcept { return hosts_.highest(); }
    uint32_t most() const noexcept { return hosts_.capacity(); }
    graph::MemoryUse memory() const noexcept { return hosts_.memory() + index_.memory(); }

private:
    uint64_t hash(uint16_t pool, Vrf vrf, Ip4Address address) const noexcept {
        return hasher_(address.value(), uint64_t{pool} << 8 | vrf);
    }
    vnet::flow::Slab<Host> hosts_;
    vnet::flow::Index index_;
    vnet::flow::Hasher hasher_;
};

}  // namespace nat44
