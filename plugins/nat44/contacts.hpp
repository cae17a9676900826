// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/flow/index.hpp"
#include "vnet/flow/key.hpp"
#include "vnet/flow/versioned.hpp"

namespace nat44 {

/// Which addresses the holders of endpoint-independent mappings speak with: they may speak to the
/// mapping by any of their ports, where its pool filters by address (RFC 4787 5, REQ-8). One
/// worker's own.
class Contacts {
public:
    /// At most so many, each a mapping and an address; memory is taken as they come.
    Contacts(uint32_t most, uint64_t seed) : contacts_(most), index_(most), hasher_(seed) {}

    /// A mapping has one more session with an address. False where there is no room.
    bool add(uint32_t mapping, vnet::wire::Ip4Address address) noexcept {
        uint32_t at = find(mapping, address);
        if (at == 0) {
            at = contacts_.take();
            if (at == 0) {
                return false;
            }
            if (!index_.insert(hash(mapping, address), at)) {
                contacts_.give(at);
                return false;
            }
            contacts_[at] = {mapping, address, 0, 0};
        }
        ++contacts_[at].sessions;
        return true;
    }
    /// It has one less, of those that add() was called for.
    void remove(uint32_t mapping, vnet::wire::Ip4Address address) noexcept {
        const uint32_t at = find(mapping, address);
        if (at != 0 && --contacts_[at].sessions == 0) {
            (void)index_.erase(hash(mapping, address), at);
            contacts_.give(at);
        }
    }
    bool has(uint32_t mapping, vnet::wire::Ip4Address address) const noexcept {
        return find(mapping, address) != 0;
    }
    graph::MemoryUse memory() const noexcept { return contacts_.memory() + index_.memory(); }

private:
    struct Contact {
        uint32_t mapping;
        vnet::wire::Ip4Address address;
        uint32_t sessions;
        uint32_t next;
    };
    uint64_t hash(uint32_t mapping, vnet::wire::Ip4Address address) const noexcept {
        return hasher_(mapping, address.value());
    }
    uint32_t find(uint32_t mapping, vnet::wire::Ip4Address address) const noexcept {
        const uint32_t found = index_.find(hash(mapping, address), [&](uint32_t candidate) {
            return contacts_[candidate].mapping == mapping &&
                   contacts_[candidate].address == address;
        });
        return found == vnet::flow::Index::none ? 0 : found;
    }
    vnet::flow::Slab<Contact> contacts_;
    vnet::flow::Index index_;
    vnet::flow::Hasher hasher_;
};

}  // namespace nat44
