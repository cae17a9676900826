// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/dir24.hpp"

#include <algorithm>
#include <utility>

namespace vnet::ip4 {

namespace {
/// Pages of 4 KB, of the 16384 that the table has: 16 MB and 4 MB.
constexpr size_t pages_to_enlarge = 4096;
constexpr size_t pages_to_shrink = 1024;
}  // namespace

Dir24::Dir24(graph::Rcu& rcu)
    : rcu_(rcu),
      first_(std::make_unique<Words>(entries)),
      blocks_(size_t(max_blocks) * 256),
      published_(first_->data()) {}

bool Dir24::fit_pages() {
    const bool large = pages_ == graph::Pages::large;
    if (large ? first_use_.pages() > pages_to_shrink : first_use_.pages() < pages_to_enlarge) {
        return false;
    }
    pages_ = large ? graph::Pages::small : graph::Pages::large;
    auto moved = std::make_unique<Words>(entries, pages_);
    first_use_.for_each_page([&](size_t first, size_t count) {
        for (size_t i = first; i < first + count; ++i) {
            (*moved)[i].store((*first_)[i].load(std::memory_order_relaxed),
                              std::memory_order_relaxed);
        }
    });
    published_.store(moved->data(), std::memory_order_release);
    first_use_.move_to(*moved);
    rcu_.retire([before = std::shared_ptr<Words>(std::exchange(first_, std::move(moved)))] {});
    return true;
}

bool Dir24::is_split(uint32_t index) const noexcept {
    return ((*first_)[index].load(std::memory_order_relaxed) & block_flag) != 0;
}

bool Dir24::paint(uint32_t first, uint32_t last, fib::PathIndex path) {
    const uint32_t first_block = first >> 8;
    const uint32_t last_block = last >> 8;
    const bool head = (first & 0xff) != 0;
    const bool tail = (last & 0xff) != 0xff;
    // At most the two ends are parts of a block; see that there is room before anything changes.
    const uint32_t room = uint32_t(free_blocks_.size()) + max_blocks - next_block_;
    uint32_t need = 0;
    if (head || (tail && first_block == last_block)) {
        need += !is_split(first_block);
    }
    if (tail && first_block != last_block) {
        need += !is_split(last_block);
    }
    if (need > room) {
        rcu_.flush();
        if (need > uint32_t(free_blocks_.size()) + max_blocks - next_block_) {
            return false;
        }
    }
    if (first_block == last_block && (head || tail)) {
        paint_part(first_block, first & 0xff, last & 0xff, path);
        return true;
    }
    if (head) {
        paint_part(first_block, first & 0xff, 0xff, path);
    }
    for (uint32_t index = first_block + head; index + tail <= last_block; ++index) {
        set_whole(index, path);
    }
    if (tail) {
        paint_part(last_block, 0, last & 0xff, path);
    }
    return true;
}

void Dir24::set_whole(uint32_t index, fib::PathIndex path) {
    const uint32_t before = (*first_)[index].load(std::memory_order_relaxed);
    if (before == path) {
        return;
    }
    set(index, path);
    if (before & block_flag) {
        ++retired_;
        rcu_.retire([this, block = before & ~block_flag] {
            --retired_;
            free_blocks_.push_back(block);
            block_use_.leave(size_t(block) * 256);
        });
    }
}

void Dir24::set(uint32_t index, uint32_t entry) {
    const uint32_t before = (*first_)[index].load(std::memory_order_relaxed);
    (*first_)[index].store(entry, std::memory_order_release);
    if (before == 0 && entry != 0) {
        first_use_.take(index);
    } else if (before != 0 && entry == 0) {
        first_use_.leave(index);
    }
}

uint32_t Dir24::take_block() {
    uint32_t block = next_block_;
    if (free_blocks_.empty()) {
        ++next_block_;
    } else {
        block = free_blocks_.back();
        free_blocks_.pop_back();
    }
    block_use_.take(size_t(block) * 256);
    return block;
}

void Dir24::paint_part(uint32_t index, uint32_t low, uint32_t high, fib::PathIndex path) {
    const uint32_t entry = (*first_)[index].load(std::memory_order_relaxed);
    if (entry & block_flag) {
        std::atomic<uint32_t>* block = &blocks_[size_t(entry & ~block_flag) * 256];
        for (uint32_t i = low; i <= high; ++i) {
            block[i].store(path, std::memory_order_release);
        }
        return;
    }
    const uint32_t number = take_block();
    std::atomic<uint32_t>* block = &blocks_[size_t(number) * 256];
    for (uint32_t i = 0; i < 256; ++i) {
        block[i].store(i >= low && i <= high ? path : entry, std::memory_order_relaxed);
    }
    set(index, number | block_flag);
}

void Dir24::join(uint32_t address) {
    const uint32_t index = address >> 8;
    if (!is_split(index)) {
        return;
    }
    const uint32_t number = (*first_)[index].load(std::memory_order_relaxed) & ~block_flag;
    const std::atomic<uint32_t>* block = &blocks_[size_t(number) * 256];
    const uint32_t path = block->load(std::memory_order_relaxed);
    if (std::all_of(block, block + 256, [path](const std::atomic<uint32_t>& leaf) {
            return leaf.load(std::memory_order_relaxed) == path;
        })) {
        set_whole(index, path);
    }
}

}  // namespace vnet::ip4
