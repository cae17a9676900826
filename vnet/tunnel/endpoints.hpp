// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "graph/random_number.hpp"
#include "graph/rcu.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/ip4.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::tunnel {

/// Where a tunnel's packets come from and to. `Address` is Ip4Address or Ip6Address.
template <class Address>
struct Endpoint {
    /// Of the router.
    Address local;
    /// The other end; the unspecified address for who takes from any.
    Address remote;
    /// What the kind of tunnel has beside: a VNI, a key.
    uint64_t number = 0;
    /// The underlay's.
    interface::Vrf vrf = interface::default_vrf;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Finds the tunnel of a packet: open addressing, half full at most. Written by control, read by
/// workers meanwhile: an entry is complete before it can be found, one that went is found no more,
/// and its place is used again in another table only, which takes the old one's place with one
/// store when that is full of such places.
template <class Address>
class Endpoints {
public:
    using Key = Endpoint<Address>;

    /// The Rcu outlives it, and no worker asks it any more when it goes.
    explicit Endpoints(graph::Rcu& rcu)
        : rcu_(rcu),
          table_(new Table(smallest, {graph::random_number(), graph::random_number()})) {}
    ~Endpoints() { delete table_.load(); }
    Endpoints(const Endpoints&) = delete;
    Endpoints& operator=(const Endpoints&) = delete;

    // ---- control thread ----

    /// False where another tunnel has the endpoint. Not 0: that is no interface.
    bool add(const Key& key, interface::Index interface) {
        if (find(key) != 0) {
            return false;
        }
        Table* table = table_.load(std::memory_order_relaxed);
        if (2 * (table->written + 1) > table->entries.size()) {
            Table* const larger = new Table(std::bit_ceil(4 * (size_ + 1) + smallest), table->seed);
            for (const Entry& entry : table->entries) {
                if (const uint32_t index = entry.interface.load(std::memory_order_relaxed);
                    index != none && index != gone) {
                    larger->write(entry.key, index);
                }
            }
            table_.store(larger, std::memory_order_release);
            rcu_.retire([table] { delete table; });
            table = larger;
        }
        table->write(key, interface);
        ++size_;
        return true;
    }
    void remove(const Key& key) {
        Table* const table = table_.load(std::memory_order_relaxed);
        if (Entry* entry = table->entry_of(key)) {
            entry->interface.store(gone, std::memory_order_relaxed);
            --size_;
        }
    }
    size_t size() const noexcept { return size_; }
    size_t memory_bytes() const noexcept {
        return table_.load(std::memory_order_relaxed)->entries.size() * sizeof(Entry);
    }

    // ---- any thread ----

    /// 0: no tunnel has it.
    interface::Index find(const Key& key) const noexcept {
        const Entry* entry = table_.load(std::memory_order_acquire)->entry_of(key);
        return entry == nullptr ? 0 : entry->found();
    }

private:
    static constexpr size_t smallest = 16;
    static constexpr uint32_t none = 0;
    static constexpr uint32_t gone = ~uint32_t(0);

    /// Nobody outside knows it.
    using Seed = std::array<uint64_t, 2>;

    struct Entry {
        std::atomic<uint32_t> interface { none };
        Key key;

        interface::Index found() const noexcept {
            const uint32_t index = interface.load(std::memory_order_relaxed);
            return index == gone ? 0 : index;
        }
    };

    struct Table {
        Table(size_t size, const Seed& the_seed) : entries(size), seed(the_seed) {}

        template <class Self>
        static auto* find(Self& self, const Key& key) noexcept {
            const size_t mask = self.entries.size() - 1;
            for (size_t at = hash(key, self.seed) & mask;; at = (at + 1) & mask) {
                auto& entry = self.entries[at];
                const uint32_t index = entry.interface.load(std::memory_order_acquire);
                if (index == none) {
                    return static_cast<decltype(&entry)>(nullptr);
                }
                if (index != gone && entry.key == key) {
                    return &entry;
                }
            }
        }
        Entry* entry_of(const Key& key) noexcept { return find(*this, key); }
        const Entry* entry_of(const Key& key) const noexcept { return find(*this, key); }
        void write(const Key& key, interface::Index index) {
            const size_t mask = entries.size() - 1;
            size_t at = hash(key, seed) & mask;
            while (entries[at].interface.load(std::memory_order_relaxed) != none) {
                at = (at + 1) & mask;
            }
            entries[at].key = key;
            entries[at].interface.store(index, std::memory_order_release);
            ++written;
        }

        std::vector<Entry> entries;
        const Seed seed;
        /// Places that are no longer empty, those of who went included.
        size_t written = 0;
    };

    /// Where tunnels learn their other ends, these are whatever strangers write into packets: which
    /// of them collide depends on the seed, and is nothing that they can reckon.
    [[gnu::always_inline]] static size_t hash(const Key& key, const Seed& seed) noexcept {
        const uint64_t state = (key.number << 8 | key.vrf) ^ seed[0];
        struct Addresses {
            Address local;
            Address remote;
        };
        const auto words = std::bit_cast<std::array<uint64_t, sizeof(Addresses) / 8>>(
            Addresses{key.local, key.remote});
        if constexpr (words.size() == 1) {
            return fold(state, words[0] ^ seed[1]);
        } else {
            return fold(fold(state ^ words[0], seed[1] ^ words[1]) ^ words[2], seed[1] ^ words[3]);
        }
    }
    /// All bits of a product, in as many as one factor has.
    static uint64_t fold(uint64_t a, uint64_t b) noexcept {
        __extension__ using Wide = unsigned __int128;
        const Wide product = Wide{a} * b;
        return uint64_t(product) ^ uint64_t(product >> 64);
    }

    graph::Rcu& rcu_;
    std::atomic<Table*> table_;
    size_t size_ = 0;
};

}  // namespace vnet::tunnel
