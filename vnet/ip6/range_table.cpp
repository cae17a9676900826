// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/range_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "vnet/ip6/range_painter.hpp"

namespace vnet::ip6 {

namespace {
/// More than one paint can take: at two ends of a range, in two halves of each, at most fifteen
/// levels are copied, and what becomes too low on one of them is grafted along an edge of the rest.
constexpr uint32_t most_nodes_of_a_paint = 2048;
/// Handing nodes to the Rcu one paint at a time would cost more than the painting.
constexpr size_t retired_at_once = 256;

/// From the third megabyte on in pages of 2 MB, where the kernel has such: a small table stays
/// small, and in a large one lookups do not miss the TLB.
template <class T>
void use_large_pages(graph::StableArray<T>& array) {
    constexpr uintptr_t large_page = 2U << 20;
    const auto begin = reinterpret_cast<uintptr_t>(array.data());
    const uintptr_t end = begin + array.capacity() * sizeof(T);
    const uintptr_t first = (begin + 2 * large_page - 1) / large_page * large_page;
    // Refused where there are none, and ordinary pages do.
    if (first < end) {
        madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
    }
}
}  // namespace

RangeTable::RangeTable(graph::Rcu& rcu, const Size& size)
    : rcu_(rcu),
      shift_(64 - size.root_bits),
      root_(size_t(1) << size.root_bits),
      nodes_(size.nodes) {
    use_large_pages(nodes_);
}

RangeTable::~RangeTable() {
    rcu_.flush();
}

bool RangeTable::has_room(Room room) {
    const uint32_t need =
        most_nodes_of_a_paint + (room == Room::shared ? uint32_t(nodes_.capacity() / 8) : 0);
    if (nodes_left() >= need) {
        return true;
    }
    retire_waiting();
    rcu_.flush();
    return nodes_left() >= need;
}

bool RangeTable::paint(const Key& first, const Key& last, fib::PathIndex path, Room room) {
    if (!has_room(room)) {
        return false;
    }
    RangePainter painter(*this, path);
    const size_t first_slot = first.high >> shift_;
    const size_t last_slot = last.high >> shift_;
    for (size_t slot = first_slot; slot <= last_slot; ++slot) {
        const uint64_t begin = uint64_t(slot) << shift_;
        const uint64_t end = begin | ((uint64_t(1) << shift_) - 1);
        const uint32_t before = root_[slot].load(std::memory_order_relaxed);
        const uint32_t after = painter.painted(before, {begin, end}, std::max(first, Key(begin, 0)),
                                               std::min(last, Key(end, UINT64_MAX)));
        if (after != before) {
            set_root(slot, after);
        }
    }
    if (retired_.size() >= retired_at_once) {
        retire_waiting();
    }
    return true;
}

void RangeTable::set_root(size_t index, uint32_t word) {
    const uint32_t before = root_[index].load(std::memory_order_relaxed);
    root_[index].store(word, std::memory_order_release);
    if (before == 0 && word != 0) {
        root_use_.take(index);
    } else if (before != 0 && word == 0) {
        root_use_.leave(index);
    }
}

uint32_t RangeTable::take_node() {
    uint32_t index = next_node_;
    if (free_nodes_.empty()) {
        ++next_node_;
    } else {
        index = free_nodes_.back();
        free_nodes_.pop_back();
    }
    node_use_.take(index);
    return index;
}

void RangeTable::retire_node(uint32_t index) {
    retired_.push_back(index);
    ++waiting_;
}

void RangeTable::retire_waiting() {
    if (retired_.empty()) {
        return;
    }
    rcu_.retire([this, nodes = std::exchange(retired_, {})] {
        waiting_ -= uint32_t(nodes.size());
        for (const uint32_t index : nodes) {
            free_nodes_.push_back(index);
            node_use_.leave(index);
        }
    });
}

size_t RangeTable::give_back() {
    retire_waiting();
    return root_use_.give_back() + node_use_.give_back();
}

unsigned RangeTable::depth_below(uint32_t word) const {
    if ((word & node_flag) == 0) {
        return 0;
    }
    const Node& node = nodes_[word & index_mask];
    unsigned deepest = 0;
    for (unsigned i = 0; i < node.count(); ++i) {
        deepest = std::max(deepest, depth_below(node.words[i]));
    }
    return deepest + 1;
}

unsigned RangeTable::depth() const {
    unsigned deepest = 0;
    root_use_.for_each_page([&](size_t first, size_t count) {
        for (size_t slot = first; slot < first + count; ++slot) {
            deepest = std::max(deepest, depth_below(root_[slot].load(std::memory_order_relaxed)));
        }
    });
    return deepest;
}

}  // namespace vnet::ip6
