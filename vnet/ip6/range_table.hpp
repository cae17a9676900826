// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/fib/adjacency.hpp"
#include "vnet/fib/page_use.hpp"
#include "vnet/wire/ip6.hpp"

namespace vnet::ip6 {

/// Longest-prefix match over 128 bits as a search among ranges. Routes cut the addresses into
/// ranges that each lead to one path; which range an address is in is found by a word for its first
/// bits and, where that is not enough, by a small search tree behind the word. A node of the tree
/// is one cache line with up to five bounds and so chooses among six, whatever bits they differ in:
/// so the depth follows from how many routes are close together and not from how long they are. The
/// upper half of an address is searched first; where prefixes are longer than 64 bits, one upper
/// half leads to a second tree, over the lower half. The table knows ranges, not routes: the Fib
/// paints them.
///
/// One thread paints, any number look up meanwhile. A paint copies the nodes between the word and
/// what changes, and publishes them by one store of the word; each lookup gives what stood before
/// or after. A paint over several words changes them one after the other. Nodes are used again only
/// after a grace period.
class RangeTable {
public:
    /// Other than these for comparisons and tests only.
    struct Size {
        /// Bits that the first word is chosen by, 12 to 24: measured, see README.md.
        unsigned root_bits = 20;
        /// Nodes, of 64 bytes, up to 2^24. An eighth is kept for paints that take something away,
        /// so that it always can be.
        uint32_t nodes = 1U << 22;
    };

    /// An address as the halves of its number.
    struct Key {
        uint64_t high = 0;
        uint64_t low = 0;
        constexpr Key() noexcept = default;
        constexpr Key(uint64_t upper, uint64_t lower) noexcept : high(upper), low(lower) {}
        // NOLINTNEXTLINE: an address is a key.
        constexpr Key(wire::Ip6Address address) noexcept
            : high(address.high()), low(address.low()) {}
        friend constexpr auto operator<=>(const Key&, const Key&) noexcept = default;
    };

    explicit RangeTable(graph::Rcu& rcu) : RangeTable(rcu, Size()) {}
    RangeTable(graph::Rcu& rcu, const Size& size);
    /// Waits until no worker holds anything of it.
    ~RangeTable();
    RangeTable(const RangeTable&) = delete;
    RangeTable& operator=(const RangeTable&) = delete;

    // ---- workers ----

private:
    static constexpr uint32_t node_flag = 0x8000'0000;
    /// With node_flag: the bounds are of the lower half.
    static constexpr uint32_t low_flag = 0x4000'0000;
    /// Of a node: how many levels of nodes there are, itself included, and which it is.
    static constexpr unsigned height_shift = 24;
    static constexpr uint32_t height_mask = 0x3f;
    static constexpr uint32_t index_mask = (1U << height_shift) - 1;

    struct alignas(64) Node {
        static constexpr unsigned most_words = 6;
        /// The last address that goes by words[i]; all ones where there is no such word, or where
        /// it is the last.
        std::array<uint64_t, most_words - 1> last;
        std::array<uint32_t, most_words> words;

        uint32_t choose(uint64_t half) const noexcept {
#ifdef __AVX512F__
            const auto smaller = _mm512_mask_cmplt_epu64_mask(0x1f, _mm512_load_si512(this),
                                                              _mm512_set1_epi64(int64_t(half)));
            return words[unsigned(std::popcount(unsigned(smaller)))];
#else
            unsigned index = 0;
            for (const uint64_t bound : last) {
                index += bound < half;
            }
            return words[index];
#endif
        }
        unsigned count() const noexcept {
            unsigned words_in_use = 1;
            for (const uint64_t bound : last) {
                words_in_use += bound != UINT64_MAX;
            }
            return words_in_use;
        }
    };
    static_assert(sizeof(Node) == 64);

public:
    /// The table as a worker finds it when it begins with a vector. Good until the worker's next
    /// quiescent state.
    class View {
    public:
        fib::PathIndex lookup(const Key& key) const noexcept { return or_default(painted(key)); }
        /// The same without the default route: 0 where no longer one matches.
        fib::PathIndex painted(const Key& key) const noexcept {
            uint32_t word = root_[key.high >> shift_].load(std::memory_order_acquire);
            while ((word & node_flag) != 0) {
                word = step(word, key);
            }
            return word;
        }
        /// The most keys of one call of the form below.
        static constexpr size_t most_keys = 256;
        /// The paths of up to most_keys keys, all searched side by side so that the memory's
        /// latency is paid once a level and not once a key.
        void lookup(std::span<const Key> keys, fib::PathIndex* paths) const noexcept {
            std::array<uint8_t, most_keys> pending;
            for (const Key& key : keys) {
                __builtin_prefetch(&root_[key.high >> shift_]);
            }
            size_t left = 0;
            for (size_t i = 0; i < keys.size(); ++i) {
                const uint32_t word = root_[keys[i].high >> shift_].load(std::memory_order_acquire);
                left = follow(word, i, paths, pending, left);
            }
            while (left != 0) {
                const size_t level = left;
                left = 0;
                for (size_t j = 0; j < level; ++j) {
                    const size_t i = pending[j];
                    left = follow(step(paths[i], keys[i]), i, paths, pending, left);
                }
            }
            for (size_t i = 0; i < keys.size(); ++i) {
                paths[i] = or_default(paths[i]);
            }
        }

    private:
        friend class RangeTable;
        explicit View(const RangeTable& table) noexcept
            : root_(table.root_.data()),
              nodes_(table.nodes_.data()),
              shift_(table.shift_),
              default_(table.default_.load(std::memory_order_acquire)) {}

        uint32_t step(uint32_t word, const Key& key) const noexcept {
            return nodes_[word & index_mask].choose((word & low_flag) != 0 ? key.low : key.high);
        }
        /// Notes what key `i` has come to, and that it has to go on where that is a node. No
        /// branch: which keys go on is not to be guessed.
        size_t follow(uint32_t word, size_t i, fib::PathIndex* paths,
                      std::array<uint8_t, most_keys>& pending, size_t left) const noexcept {
            const bool is_node = (word & node_flag) != 0;
            paths[i] = word;
            pending[left] = uint8_t(i);
            __builtin_prefetch(&nodes_[is_node ? word & index_mask : 0]);
            return left + is_node;
        }
        fib::PathIndex or_default(uint32_t word) const noexcept {
            const uint32_t none = word == 0 ? UINT32_MAX : 0;
            return word | (default_ & none);
        }

        const std::atomic<uint32_t>* root_;
        const Node* nodes_;
        unsigned shift_;
        fib::PathIndex default_;
    };
    View view() const noexcept {
        return View(*this);
    }
    /// For one address.
    fib::PathIndex lookup(const Key& key) const noexcept {
        return view().lookup(key);
    }

    // ---- control thread ----

    /// Whether a paint may use the nodes that are kept for removals.
    enum class Room : uint8_t { shared, all };
    /// Sets all addresses from `first` to `last`, both included. False, and nothing changed, when
    /// there are not nodes enough. Paths are below 2^30.
    bool paint(const Key& first, const Key& last, fib::PathIndex path, Room room = Room::shared);
    /// What an address gives that nothing is painted over, or path 0: the default route costs no
    /// painting.
    void set_default(fib::PathIndex path) noexcept {
        default_.store(path, std::memory_order_release);
    }
    /// Gives the memory back that nothing is painted in any more; how many pages that was. Lookups
    /// go on meanwhile.
    size_t give_back();
    /// Without those that wait for a grace period.
    uint32_t nodes_in_use() const noexcept {
        return next_node_ - uint32_t(free_nodes_.size()) - waiting_;
    }
    /// Nodes on the longest way from a word to a path; looks at the whole table.
    unsigned depth() const;
    graph::MemoryUse root_memory() const noexcept {
        return root_.memory();
    }
    graph::MemoryUse node_memory() const noexcept {
        return nodes_.memory();
    }

private:
    friend class RangePainter;

    uint32_t nodes_left() const noexcept {
        return uint32_t(free_nodes_.size() + nodes_.capacity()) - next_node_;
    }
    bool has_room(Room room);
    uint32_t take_node();
    void retire_node(uint32_t index);
    void retire_waiting();
    void set_root(size_t index, uint32_t word);
    unsigned depth_below(uint32_t word) const;

    graph::Rcu& rcu_;
    const unsigned shift_;
    graph::StableArray<std::atomic<uint32_t>> root_;
    graph::StableArray<Node> nodes_;
    /// Words that are not zero, and nodes that are taken.
    fib::PageUse<std::atomic<uint32_t>> root_use_{root_};
    fib::PageUse<Node> node_use_{nodes_};
    std::vector<uint32_t> free_nodes_;
    /// Out of the table, and not yet handed to the Rcu: that is done for many at once.
    std::vector<uint32_t> retired_;
    uint32_t next_node_ = 0;
    /// Nodes in retired_ and with the Rcu.
    uint32_t waiting_ = 0;
    std::atomic<fib::PathIndex> default_{0};
};

}  // namespace vnet::ip6
