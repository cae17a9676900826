// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/fragment/store.hpp"
#include "vnet/interface/table.hpp"

namespace vnet::fragment {

/// What an operator may set of one kind of reassembly.
struct Settings {
    /// Datagrams under way, in each worker: 1 to Store::most_datagrams.
    uint32_t datagrams = 1024;
    /// Packet buffers that fragments wait in, all workers together.
    uint32_t buffers = 2048;
    /// Fragments of one datagram: 2 to Store::most_fragments.
    uint32_t fragments = 128;
    /// What one source may have of a worker's datagrams and buffers, in percent: 1 to 100.
    uint32_t share = 25;
    /// How long the rest of a datagram is waited for.
    uint32_t timeout_ms = 30'000;

    friend bool operator==(const Settings&, const Settings&) noexcept = default;
};

/// The stores of all workers for one node, and what belongs to which. Made by control; each worker
/// uses its own store.
class Stores {
public:
    /// `engine` must outlive it. `seed`: any number that outsiders do not know.
    Stores(graph::Engine& engine, uint64_t seed, const Settings& settings);

    // ---- workers ----
    Store& of(unsigned worker) const noexcept { return *stores_[worker]; }
    /// No worker but a dry run, which may not leave anything behind.
    bool is_dry(unsigned worker) const noexcept { return worker >= stores_.size(); }
    /// The worker that all fragments between these two hosts belong to, in both directions
    /// separately.
    unsigned owner(const Key& key) const noexcept {
        // The high half of a product: an even spread without a division.
        return stores_.size() == 1 ? 0
                                   : unsigned((key.ends_hash(seed_) >> 32) * stores_.size() >> 32);
    }
    /// Puts a fragment among those of its VRF: the same two addresses may be in several.
    void set_scope(const graph::Packet& packet, Fragment& fragment) const noexcept {
        const uint32_t interface = packet.meta().rx_interface;
        if (interfaces_ != nullptr && fragment.key.scope == 0 &&
            interface < graph::max_interfaces) {
            fragment.key.scope = interfaces_->hot(interface).vrf.load(std::memory_order_relaxed);
        }
    }
    /// As they are now, for a worker's store.
    Limits limits() const noexcept;
    /// The node at which another worker goes on with a fragment.
    graph::NodeId node() const noexcept { return node_.load(std::memory_order_relaxed); }
    graph::Engine& engine() const noexcept { return engine_; }

    // ---- control thread ----
    void set_node(graph::NodeId node) noexcept { node_.store(node, std::memory_order_relaxed); }
    /// Before the first packet: where VRFs are known. Without, there is one.
    void set_interfaces(const interface::Table& interfaces) noexcept { interfaces_ = &interfaces; }
    const Settings& settings() const noexcept { return settings_; }
    void set(const Settings& settings) noexcept;
    const StoreCounters& counters(unsigned worker) const noexcept {
        return stores_[worker]->counters();
    }
    unsigned workers() const noexcept { return unsigned(stores_.size()); }
    /// Has each worker that waits for fragments look for datagrams out of time.
    void tick();

private:
    graph::Engine& engine_;
    const interface::Table* interfaces_ = nullptr;
    const uint64_t seed_;
    Settings settings_;
    std::atomic<graph::NodeId> node_{graph::no_node};
    std::atomic<uint32_t> datagrams_{0};
    std::atomic<uint32_t> buffers_{0};
    std::atomic<uint32_t> fragments_{0};
    std::atomic<uint32_t> share_{0};
    std::atomic<uint64_t> timeout_clocks_{0};
    std::vector<std::unique_ptr<Store>> stores_;
};

}  // namespace vnet::fragment
