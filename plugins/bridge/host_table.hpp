// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_hash_crc.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "plugins/bridge/mac_table.hpp"
#include "vnet/wire/ip6.hpp"

namespace bridge {

/// An IP address in a bridge; IPv4 as ::ffff:a.b.c.d.
struct HostKey {
    vnet::wire::Ip6Address address;
    Index bridge = 0;

    uint64_t hash() const noexcept {
        return rte_hash_crc_8byte(address.high(),
                                  rte_hash_crc_8byte(address.low(), uint32_t(bridge)));
    }
    bool operator==(const HostKey&) const = default;
};

/// An address of a HostKey as it is written: an IPv4 address for ::ffff:a.b.c.d.
std::string text_of(const vnet::wire::Ip6Address& address);

/// What is known of the host that has it.
struct HostFacts {
    /// Its MAC address, in the low 48 bits.
    uint64_t mac = 0;
    /// It was configured: it does not age, and nobody's words change it.
    bool fixed = false;
    /// It says that it is a router (RFC 4861 4.4), and an answer in its name must say so.
    bool router = false;
    /// Of what was heard: takes the place of another MAC address that is known already.
    bool overrides = true;

    bool operator==(const HostFacts&) const = default;
};

/// Whose MAC address goes with an IP address, for answers in the name of others. Buckets of eight
/// pointers in a cache line, two for each address. Written by the control thread; workers read, and
/// note when they have heard an address again.
class HostTable {
public:
    struct Host {
        HostKey key;
        HostFacts facts;
        mutable std::atomic<Tick> heard;
    };

    /// `buckets` is a power of two; a table takes four times as many addresses.
    HostTable(graph::Rcu& rcu, size_t buckets);
    ~HostTable();
    HostTable(const HostTable&) = delete;
    HostTable& operator=(const HostTable&) = delete;

    /// A worker: null where nobody has told. Valid until its next quiescent state.
    const Host* find(const HostKey& key) const noexcept;

    // ---- control ----

    /// Adds an address, or says anew whose it is. False where there is no room.
    bool put(const HostKey& key, const HostFacts& facts, Tick now);
    bool remove(const HostKey& key);
    /// Removes all for which `which` answers true.
    void remove_if(const std::function<bool(const Host&)>& which);
    void visit(const std::function<void(const Host&)>& callback) const;
    size_t size() const noexcept { return places_.size(); }

private:
    static constexpr unsigned bucket_places = 8;
    struct alignas(64) Bucket {
        std::atomic<const Host*> places[bucket_places];
    };
    struct Place {
        std::atomic<const Host*>* at = nullptr;
        std::shared_ptr<const Host> host;
    };
    struct Hash {
        size_t operator()(const HostKey& key) const noexcept { return key.hash(); }
    };
    using Places = std::unordered_map<HostKey, Place, Hash>;

    std::array<size_t, 2> buckets_of(const HostKey& key) const noexcept;
    std::atomic<const Host*>* free_place(const HostKey& key) noexcept;
    Places::iterator give_up(Places::iterator known);

    graph::Rcu& rcu_;
    const size_t mask_;
    graph::StableArray<Bucket> buckets_;
    Places places_;
};

}  // namespace bridge
