// SPDX-License-Identifier: Apache-2.0
#include "perf/fib4/poptrie.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace perf::fib4 {

Poptrie::Poptrie(graph::Rcu& rcu, unsigned direct_bits)
    : rcu_(rcu),
      direct_bits_(direct_bits),
      direct_(size_t(1) << direct_bits),
      nodes_(most_nodes),
      leaves_(most_leaves) {}

uint32_t Poptrie::take(Space& space, uint32_t size, uint32_t limit) {
    if (size == 0) {
        return 0;
    }
    space.in_use += size;
    std::vector<uint32_t>& free = space.free[size];
    if (!free.empty()) {
        const uint32_t first = free.back();
        free.pop_back();
        return first;
    }
    if (limit - space.next < size) {
        throw std::bad_alloc();
    }
    return std::exchange(space.next, space.next + size);
}

void Poptrie::retire_arrays(const Node& node) {
    const auto children = uint32_t(std::popcount(node.inner));
    const auto leaves = uint32_t(std::popcount(node.leaf_starts));
    if (children != 0) {
        retired_.push_back({&node_space_, node.children, children});
    }
    if (leaves != 0) {
        retired_.push_back({&leaf_space_, node.leaves, leaves});
    }
}

void Poptrie::retire(const Slot& slot) {
    if (!slot.is_node) {
        return;
    }
    retire_arrays(slot.node);
    const auto children = uint32_t(std::popcount(slot.node.inner));
    for (uint32_t i = 0; i < children; ++i) {
        retire({true, 0, nodes_[slot.node.children + i]});
    }
}

void Poptrie::unpack(const Slot& slot, unsigned depth, Slots& slots) const {
    const unsigned bits = std::min(stride, 32 - depth);
    uint32_t child = slot.node.children;
    for (size_t i = 0; i < size_t(1) << bits; ++i) {
        const size_t place = i << (stride - bits);
        if (!slot.is_node) {
            slots[i] = slot;
        } else if ((slot.node.inner >> place & 1) != 0) {
            slots[i] = {true, 0, nodes_[child++]};
        } else {
            const uint64_t up_to = (uint64_t(2) << place) - 1;
            const auto leaf = uint32_t(std::popcount(slot.node.leaf_starts & up_to));
            slots[i] = {false, leaves_[slot.node.leaves + leaf - 1], {}};
        }
    }
}

Poptrie::Slot Poptrie::pack(const Slots& slots, unsigned depth) {
    const unsigned bits = std::min(stride, 32 - depth);
    const size_t size = size_t(1) << bits;
    std::array<uint32_t, 1 << stride> leaves;
    uint32_t leaf_count = 0;
    uint32_t child_count = 0;
    Node node{};
    for (size_t i = 0; i < size; ++i) {
        const uint64_t bit = uint64_t(1) << (i << (stride - bits));
        if (slots[i].is_node) {
            node.inner |= bit;
            ++child_count;
        } else if (leaf_count == 0 || leaves[leaf_count - 1] != slots[i].value) {
            node.leaf_starts |= bit;
            leaves[leaf_count++] = slots[i].value;
        }
    }
    if (child_count == 0 && leaf_count == 1) {
        return {false, leaves[0], {}};
    }
    node.children = take(node_space_, child_count, most_nodes);
    node.leaves = take(leaf_space_, leaf_count, most_leaves);
    std::copy_n(leaves.data(), leaf_count, &leaves_[node.leaves]);
    for (size_t i = 0, child = node.children; i < size; ++i) {
        if (slots[i].is_node) {
            nodes_[child++] = slots[i].node;
        }
    }
    return {true, 0, node};
}

Poptrie::Slot Poptrie::painted(const Slot& old, unsigned depth, uint64_t base, uint32_t first,
                               uint32_t last, uint32_t value) {
    const uint64_t end = base + (uint64_t(1) << (32 - depth)) - 1;
    if (last < base || first > end) {
        return old;
    }
    if (first <= base && last >= end) {
        retire(old);
        return {false, value, {}};
    }
    Slots slots;
    unpack(old, depth, slots);
    const unsigned bits = std::min(stride, 32 - depth);
    const uint64_t span = uint64_t(1) << (32 - depth - bits);
    for (size_t i = 0; i < size_t(1) << bits; ++i) {
        slots[i] = painted(slots[i], depth + bits, base + i * span, first, last, value);
    }
    if (old.is_node) {
        retire_arrays(old.node);
    }
    return pack(slots, depth);
}

void Poptrie::publish(size_t index, const Slot& slot) {
    const uint32_t before = direct_[index].load(std::memory_order_relaxed);
    uint32_t entry = slot.value;
    if (slot.is_node) {
        entry = take(node_space_, 1, most_nodes);
        nodes_[entry] = slot.node;
        entry |= node_flag;
    }
    if (entry != before) {
        direct_[index].store(entry, std::memory_order_release);
    }
    if ((before & node_flag) != 0) {
        retired_.push_back({&node_space_, before & ~node_flag, 1});
    }
}

void Poptrie::paint(uint32_t first, uint32_t last, uint32_t value) {
    const uint64_t span = uint64_t(1) << (32 - direct_bits_);
    for (size_t index = direct_index(first); index <= direct_index(last); ++index) {
        const uint32_t entry = direct_[index].load(std::memory_order_relaxed);
        const Slot old = (entry & node_flag) != 0 ? Slot{true, 0, nodes_[entry & ~node_flag]}
                                                  : Slot{false, entry, {}};
        publish(index, painted(old, direct_bits_, index * span, first, last, value));
    }
    if (retired_.empty()) {
        return;
    }
    rcu_.retire([this, runs = std::move(retired_)] {
        for (const Run& run : runs) {
            run.space->in_use -= run.size;
            run.space->free[run.size].push_back(run.first);
        }
    });
    retired_.clear();
}

}  // namespace perf::fib4
