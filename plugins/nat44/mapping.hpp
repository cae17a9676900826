// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/flow/index.hpp"
#include "vnet/flow/key.hpp"
#include "vnet/flow/versioned.hpp"

namespace nat44 {

/// An endpoint-independent mapping: what an inside address and port is outside, for as long as it
/// has a session (RFC 4787 REQ-1). Its keys are those of packets without the other end: from
/// inside, and to outside.
struct alignas(64) Mapping {
    vnet::flow::Key inside;
    vnet::flow::Key outside;
    uint32_t sessions;
    uint32_t version;
    uint32_t host;
    uint32_t next;
    /// Of the outside address.
    uint16_t number;
    /// Whom it speaks with is kept in Contacts.
    bool has_contacts;
    uint8_t unused;
    /// Of its sessions, those that somebody outside began.
    uint32_t from_outside;
    uint32_t unused_too[2];

    /// Of the host's pool.
    uint16_t pool() const noexcept { return uint16_t(inside.zero - 1); }
    /// Of each pool a host has mappings apart: they are of other outside addresses.
    static vnet::flow::Key inside_key(const vnet::flow::Key& key, uint16_t pool) noexcept {
        return {key.source, {},           vnet::flow::Ports::of(key.ports.source(), 0),
                key.vrf,    key.protocol, uint16_t(pool + 1)};
    }
    static vnet::flow::Key outside_key(const vnet::flow::Key& key) noexcept {
        return {{},      key.destination, vnet::flow::Ports::of(0, key.ports.destination()),
                key.vrf, key.protocol,    0};
    }
};
static_assert(sizeof(Mapping) == 64);

/// One worker's mappings. It changes them, any thread reads with copy_versioned().
class Mappings {
public:
    explicit Mappings(uint32_t most, uint64_t seed)
        : mappings_(most), index_(uint64_t{most} * 2), hasher_(seed) {}

    /// By either key; 0 where there is none.
    uint32_t find(const vnet::flow::Key& key) const noexcept {
        const uint32_t found = index_.find(hasher_(key), [&](uint32_t candidate) {
            return mappings_[candidate].inside == key || mappings_[candidate].outside == key;
        });
        return found == vnet::flow::Index::none ? 0 : found;
    }
    /// One whose keys were not there; 0 where there is no room.
    uint32_t add(const Mapping& mapping) noexcept {
        const uint32_t at = mappings_.take();
        if (at == 0) {
            return 0;
        }
        if (!index_.insert(hasher_(mapping.inside), at)) {
            mappings_.give(at);
            return 0;
        }
        if (!index_.insert(hasher_(mapping.outside), at)) {
            (void)index_.erase(hasher_(mapping.inside), at);
            mappings_.give(at);
            return 0;
        }
        vnet::flow::begin_versioned(mappings_[at], mapping);
        return at;
    }
    void remove(uint32_t at) noexcept {
        (void)index_.erase(hasher_(mappings_[at].inside), at);
        (void)index_.erase(hasher_(mappings_[at].outside), at);
        vnet::flow::end_versioned(mappings_[at]);
        mappings_.give(at);
    }
    Mapping& operator[](uint32_t at) noexcept { return mappings_[at]; }

    // ---- any thread ----
    const Mapping& at(uint32_t place) const noexcept { return mappings_[place]; }
    uint32_t highest() const noexcept { return mappings_.highest(); }
    uint32_t most() const noexcept { return mappings_.capacity(); }
    graph::MemoryUse memory() const noexcept { return mappings_.memory() + index_.memory(); }

private:
    vnet::flow::Slab<Mapping> mappings_;
    vnet::flow::Index index_;
    vnet::flow::Hasher hasher_;
};

}  // namespace nat44
