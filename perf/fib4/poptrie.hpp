// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"

namespace perf::fib4 {

/// Longest-prefix match by a compressed trie of 64-way nodes (Asai and Ohara, "Poptrie: A
/// Compressed Trie with Population Count for Fast and Scalable Software IP Routing Table Lookup",
/// SIGCOMM 2015): a candidate for the router's table, with the interface of vnet::ip4::Dir24. It
/// knows ranges, not routes; what nothing is painted over is 0.
///
/// The first `direct_bits` of an address index an array; each node below decides on six more. A
/// node has one bit for each of its 64 slots that says whether a node follows, and one that says
/// where a run of equal leaves begins, so that its children and its leaves lie packed and are found
/// by counting bits. 24 bytes a node, 4 a leaf.
///
/// One thread paints, any number look up. A change copies the nodes from the top of the trie to
/// what changes and publishes them by one store in the direct array; the old are used again after a
/// grace period.
class Poptrie {
public:
    /// Values are below this.
    static constexpr uint32_t value_limit = 1U << 31;
    /// The direct array has 2^direct_bits words: 0 to 20.
    Poptrie(graph::Rcu& rcu, unsigned direct_bits);
    ~Poptrie() { rcu_.flush(); }
    Poptrie(const Poptrie&) = delete;
    Poptrie& operator=(const Poptrie&) = delete;

    // ---- any thread ----

    uint32_t lookup(uint32_t address) const noexcept {
        const uint32_t entry = direct(address);
        return (entry & node_flag) == 0 ? entry : walk(entry & ~node_flag, address);
    }
    /// Two stages before the lookup: the direct word, then the first node.
    void prefetch_direct(uint32_t address) const noexcept {
        __builtin_prefetch(&direct_[direct_index(address)]);
    }
    void prefetch_node(uint32_t address) const noexcept {
        const uint32_t entry = direct(address);
        if ((entry & node_flag) != 0) {
            __builtin_prefetch(&nodes_[entry & ~node_flag]);
        }
    }

    // ---- one thread ----

    /// Sets all addresses from `first` to `last`, both included.
    void paint(uint32_t first, uint32_t last, uint32_t value);
    uint32_t nodes_in_use() const noexcept { return node_space_.in_use; }
    uint32_t leaves_in_use() const noexcept { return leaf_space_.in_use; }

private:
    static constexpr uint32_t node_flag = 1U << 31;
    static constexpr unsigned stride = 6;
    static constexpr uint32_t most_nodes = 1U << 24;
    static constexpr uint32_t most_leaves = 1U << 26;

    struct Node {
        /// Bit i: a node follows slot i.
        uint64_t inner;
        /// Bit i: at slot i begins a leaf other than that of the leaf slot before it.
        uint64_t leaf_starts;
        uint32_t children;
        uint32_t leaves;
    };
    /// What is below one slot: a node, or where there is none, a value.
    struct Slot {
        bool is_node = false;
        uint32_t value = 0;
        Node node{};
    };
    using Slots = std::array<Slot, 1 << stride>;
    /// Where runs of 1 to 64 elements are taken from and given back to.
    struct Space {
        uint32_t next = 0;
        uint32_t in_use = 0;
        std::array<std::vector<uint32_t>, 65> free;
    };
    struct Run {
        Space* space;
        uint32_t first;
        uint32_t size;
    };

    size_t direct_index(uint32_t address) const noexcept {
        return size_t(uint64_t(address) << direct_bits_ >> 32);
    }
    uint32_t direct(uint32_t address) const noexcept {
        return direct_[direct_index(address)].load(std::memory_order_acquire);
    }
    uint32_t walk(uint32_t index, uint32_t address) const noexcept {
        const Node* node = &nodes_[index];
        for (uint64_t key = uint64_t(address) << 32 << direct_bits_;; key <<= stride) {
            const uint64_t up_to = (uint64_t(2) << (key >> (64 - stride))) - 1;
            if ((node->inner & (up_to ^ up_to >> 1)) == 0) {
                return leaves_[node->leaves + uint32_t(std::popcount(node->leaf_starts & up_to)) -
                               1];
            }
            node = &nodes_[node->children + uint32_t(std::popcount(node->inner & up_to)) - 1];
        }
    }

    Slot painted(const Slot& old, unsigned depth, uint64_t base, uint32_t first, uint32_t last,
                 uint32_t value);
    void unpack(const Slot& slot, unsigned depth, Slots& slots) const;
    Slot pack(const Slots& slots, unsigned depth);
    void retire(const Slot& slot);
    void retire_arrays(const Node& node);
    uint32_t take(Space& space, uint32_t size, uint32_t limit);
    void publish(size_t index, const Slot& slot);

    graph::Rcu& rcu_;
    const unsigned direct_bits_;
    graph::StableArray<std::atomic<uint32_t>> direct_;
    graph::StableArray<Node> nodes_;
    graph::StableArray<uint32_t> leaves_;
    Space node_space_;
    Space leaf_space_;
    /// Of the change that is being made.
    std::vector<Run> retired_;
};

}  // namespace perf::fib4
