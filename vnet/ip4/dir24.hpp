// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/page_use.hpp"

namespace vnet::ip4 {

/// Longest-prefix match by direct index: 24 bits, then 8 (Gupta, Lin, McKeown, "Routing Lookups in
/// Hardware at Memory Access Speeds", INFOCOM 1998). One memory access for most addresses, two
/// where a prefix is longer than 24 bits. The table knows ranges, not routes: the Fib paints them.
/// Memory is taken page by page as it is painted, so that a table of few routes is small; what
/// nothing paints costs nothing.
///
/// One thread paints, any number look up meanwhile. Every entry is one atomic word, and a lookup
/// gives what stood before or after the change. Blocks are used again only after a grace period.
class Dir24 {
public:
    /// Prefixes longer than 24 bits may lie in so many different /24 blocks.
    static constexpr uint32_t max_blocks = 1 << 18;

    explicit Dir24(graph::Rcu& rcu);
    /// Waits until no worker holds anything of it.
    ~Dir24() { rcu_.flush(); }
    Dir24(const Dir24&) = delete;
    Dir24& operator=(const Dir24&) = delete;

    // ---- workers ----

    /// The table as a worker finds it when it begins with a vector. Good until the worker's next
    /// quiescent state.
    class View {
    public:
        fib::PathIndex lookup(uint32_t address) const noexcept {
            const uint32_t entry = painted(address);
            // Without a branch: where about half of the addresses take the default route, a branch
            // is guessed wrong as often, and that costs more than the table does.
            const uint32_t none = entry == 0 ? UINT32_MAX : 0;
            return entry | (default_ & none);
        }
        /// The same without the default route: 0 where no longer one matches.
        fib::PathIndex painted(uint32_t address) const noexcept {
            uint32_t entry = first_[address >> 8].load(std::memory_order_acquire);
            if (entry & block_flag) [[unlikely]] {
                entry = blocks_[size_t(entry & ~block_flag) * 256 + (address & 0xff)].load(
                    std::memory_order_acquire);
            }
            return entry;
        }
        void prefetch(uint32_t address) const noexcept {
            __builtin_prefetch(&first_[address >> 8]);
        }

    private:
        friend class Dir24;
        explicit View(const Dir24& table) noexcept
            : first_(table.published_.load(std::memory_order_acquire)),
              blocks_(table.blocks_.data()),
              default_(table.default_.load(std::memory_order_acquire)) {}
        const std::atomic<uint32_t>* first_;
        const std::atomic<uint32_t>* blocks_;
        fib::PathIndex default_;
    };
    View view() const noexcept { return View(*this); }
    /// For one address.
    fib::PathIndex lookup(uint32_t address) const noexcept { return view().lookup(address); }

    // ---- control thread ----

    /// Sets all addresses from `first` to `last`, both included. False, and nothing changed, when
    /// it would need more blocks than there are. A /24 that was painted in part keeps its block,
    /// whatever is painted later, until it is painted whole or joined: so who keeps the block can
    /// always paint its parts.
    bool paint(uint32_t first, uint32_t last, fib::PathIndex path);
    /// Gives back the block of the /24 around an address where all of its addresses lead to the
    /// same path.
    void join(uint32_t address);
    /// What an address gives that nothing is painted over, or path 0: the default route costs no
    /// painting.
    void set_default(fib::PathIndex path) noexcept {
        default_.store(path, std::memory_order_release);
    }
    /// Gives the memory back that nothing is painted in any more; how many pages that was. Lookups
    /// go on meanwhile.
    size_t give_back() { return first_use_.give_back() + block_use_.give_back(); }
    /// A table that fills 16 MB is moved to pages of 2 MB, and back when it fills no more than 4:
    /// most lookups of a large one miss the TLB otherwise, and a small one stays small. It is
    /// copied, which takes up to 30 ms, and the copy is published with one store: workers never
    /// wait. True where it was moved.
    bool fit_pages();
    graph::Pages pages() const noexcept { return pages_; }
    uint32_t blocks_in_use() const noexcept {
        return next_block_ - uint32_t(free_blocks_.size()) - retired_;
    }
    graph::MemoryUse first_memory() const noexcept { return first_->memory(); }
    graph::MemoryUse block_memory() const noexcept { return blocks_.memory(); }

private:
    using Words = graph::StableArray<std::atomic<uint32_t>>;
    static constexpr uint32_t block_flag = 0x8000'0000;
    static constexpr size_t entries = size_t(1) << 24;
    bool is_split(uint32_t index) const noexcept;
    void paint_part(uint32_t index, uint32_t low, uint32_t high, fib::PathIndex path);
    void set_whole(uint32_t index, fib::PathIndex path);
    void set(uint32_t index, uint32_t entry);
    uint32_t take_block();

    graph::Rcu& rcu_;
    std::unique_ptr<Words> first_;
    Words blocks_;
    /// The elements of first_, as workers find them.
    std::atomic<const std::atomic<uint32_t>*> published_;
    graph::Pages pages_ = graph::Pages::small;
    /// Entries that are not zero, and blocks that are taken, counted by their first entry.
    fib::PageUse<std::atomic<uint32_t>> first_use_{*first_};
    fib::PageUse<std::atomic<uint32_t>> block_use_{blocks_};
    std::vector<uint32_t> free_blocks_;
    uint32_t next_block_ = 0;
    uint32_t retired_ = 0;
    std::atomic<fib::PathIndex> default_{0};
};

}  // namespace vnet::ip4
